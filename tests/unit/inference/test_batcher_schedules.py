"""Any schedule of arrivals, deadlines, cancellations and failures: one answer each, one's own."""

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.errors import DeadlineExceeded, EngineUnavailable, QueueFull
from facenet_res.core.types import Embeddings
from facenet_res.inference.batcher import Batcher, BatcherStats
from facenet_res.inference.config import BatcherConfig
from tests.label_embedder import LabelEmbedder, answer_to, faces_of
from tests.virtual_time import VirtualExecutor, run_virtual

Outcome = Embeddings | Exception | asyncio.CancelledError


@dataclass(frozen=True)
class Arrival:
    at_ms: int
    faces: int
    deadline_ms: int | None
    cancel_ms: int | None


@dataclass(frozen=True)
class Schedule:
    arrivals: list[Arrival]
    calls_ms: list[int]
    failing: set[int]
    config: BatcherConfig


@dataclass(frozen=True)
class Ending:
    outcome: Outcome
    at_s: float


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    times = st.one_of(st.none(), st.integers(1, 60))
    arrival = st.builds(Arrival, st.integers(0, 60), st.integers(1, 9), times, times)
    batch_max = draw(st.integers(1, 8))
    return Schedule(
        arrivals=draw(st.lists(arrival, min_size=1, max_size=12)),
        calls_ms=draw(st.lists(st.integers(0, 25), min_size=1, max_size=5)),
        failing=draw(st.sets(st.integers(0, 8), max_size=3)),
        config=BatcherConfig(
            batch_max=batch_max,
            queue_max=draw(st.integers(max(batch_max, 9), 40)),
            wait_ms_max=draw(st.sampled_from([0.0, 2.0, 10.0])),
        ),
    )


def check(schedule: Schedule) -> None:
    embedder = LabelEmbedder()
    embedder.failing = {call: EngineUnavailable("the device is gone") for call in schedule.failing}
    executor = VirtualExecutor(lambda n: schedule.calls_ms[n % len(schedule.calls_ms)] / 1e3)

    endings, stats = run_virtual(lambda: played(schedule, embedder, executor))

    computed = [face for call in embedder.calls for face in call]
    assert len(set(computed)) == len(computed), "a face was computed twice"
    assert all(len(call) <= schedule.config.batch_max for call in embedder.calls)
    assert stats.faces_waiting == 0
    assert stats.batches + stats.failed_batches == len(embedder.calls)
    outcomes = [ending.outcome for ending in endings]
    assert stats.refused == sum(isinstance(outcome, QueueFull) for outcome in outcomes)
    assert stats.late == sum(isinstance(outcome, DeadlineExceeded) for outcome in outcomes)
    assert stats.requests == len(outcomes) - stats.refused
    for caller, ending in enumerate(endings):
        check_ending(caller, schedule, ending, embedder, executor)


def check_ending(
    caller: int,
    schedule: Schedule,
    ending: Ending,
    embedder: LabelEmbedder,
    executor: VirtualExecutor,
) -> None:
    arrival = schedule.arrivals[caller]
    mine = [n for n, call in enumerate(embedder.calls) if any(c == caller for c, _ in call)]
    begun_s = max((executor.started_s[n] for n in mine), default=0.0)
    arrived_s = arrival.at_ms / 1e3
    for limit_ms in (arrival.deadline_ms, arrival.cancel_ms):
        assert limit_ms is None or begun_s <= arrived_s + limit_ms / 1e3 + 1e-9
    match ending.outcome:
        case np.ndarray():
            np.testing.assert_array_equal(ending.outcome, answer_to(caller, arrival.faces))
        case QueueFull():
            assert not mine
            assert ending.at_s == pytest.approx(arrived_s)
        case DeadlineExceeded():
            assert arrival.deadline_ms is not None
            assert ending.at_s == pytest.approx(arrived_s + arrival.deadline_ms / 1e3)
        case EngineUnavailable():
            assert set(mine) & schedule.failing
        case _:
            assert isinstance(ending.outcome, asyncio.CancelledError)
            assert arrival.cancel_ms is not None


async def played(
    schedule: Schedule, embedder: LabelEmbedder, executor: VirtualExecutor
) -> tuple[list[Ending], BatcherStats]:
    batcher = Batcher(embedder, schedule.config, executor)
    async with batcher:
        callers = [
            asyncio.create_task(one_caller(batcher, caller, arrival))
            for caller, arrival in enumerate(schedule.arrivals)
        ]
        endings = await asyncio.gather(*callers)
    return endings, batcher.stats


async def one_caller(batcher: Batcher, caller: int, arrival: Arrival) -> Ending:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(arrival.at_ms / 1e3)
    deadline_s = None if arrival.deadline_ms is None else arrival.deadline_ms / 1e3
    request = asyncio.create_task(batcher.embed(faces_of(caller, arrival.faces), deadline_s))
    if arrival.cancel_ms is not None:
        loop.call_later(arrival.cancel_ms / 1e3, request.cancel)
    try:
        outcome: Outcome = await request
    except (QueueFull, DeadlineExceeded, EngineUnavailable, asyncio.CancelledError) as error:
        outcome = error
    assert batcher.stats.faces_waiting <= 40
    return Ending(outcome, loop.time())


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_every_request_gets_exactly_one_answer_and_it_is_its_own(schedule: Schedule) -> None:
    check(schedule)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(schedules())
def test_ten_thousand_schedules(schedule: Schedule) -> None:
    check(schedule)
