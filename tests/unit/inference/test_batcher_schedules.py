"""Any schedule of arrivals, deadlines, cancellations and failures: one answer each, one's own.

Ten thousand random schedules by fixed seeds in every run, in virtual time; hypothesis looks for
odd ones besides, and makes small what it finds.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.errors import (
    ArrayInvalid,
    DeadlineExceeded,
    EngineUnavailable,
    FacenetError,
    QueueFull,
    ShuttingDown,
)
from facenet_res.core.types import Embeddings
from facenet_res.inference.batcher import Batcher, BatcherStats
from facenet_res.inference.config import BatcherConfig
from tests.label_embedder import Label, LabelEmbedder, answer_to, faces_of, label_of
from tests.virtual_time import VirtualExecutor, run_virtual

SCHEDULES = 10_000

Outcome = Embeddings | FacenetError | asyncio.CancelledError


@dataclass(frozen=True)
class Arrival:
    at_ms: int
    faces: int
    client: int
    deadline_ms: int | None
    cancel_ms: int | None
    bad: int | None


@dataclass(frozen=True)
class Schedule:
    arrivals: list[Arrival]
    calls_ms: list[int]
    failing: set[int]
    config: BatcherConfig
    close_ms: int | None
    drain_ms: int | None


@dataclass(frozen=True)
class Ending:
    outcome: Outcome
    at_s: float


class RecordingExecutor(VirtualExecutor):
    """Remembers which faces went into which call."""

    def __init__(self, embedder: LabelEmbedder, takes_s: Callable[[int], float]) -> None:
        super().__init__(takes_s)
        self.batches: list[list[Label]] = []
        self.has_failed: list[bool] = []
        self.in_flight = self.in_flight_max = 0
        self._embedder = embedder

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.batches.append([label_of(face) for face in args[1]])
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        before = len(self._embedder.calls)
        future = super().submit(fn, *args, **kwargs)
        calls = range(before, len(self._embedder.calls))
        self.has_failed.append(bool(set(calls) & set(self._embedder.failing)))
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[Any]) -> None:
        self.in_flight -= 1


def drawn(rng: random.Random) -> Schedule:
    """A random schedule: seldom quiet, often crowded."""

    def sometimes(share: float, value: Callable[[], int]) -> int | None:
        return value() if rng.random() < share else None

    within_ms = rng.choice((0, 5, 60))
    arrivals = []
    for _ in range(rng.randint(1, 8)):
        faces = rng.choice((1, 1, 1, 2, 3, 9))
        arrivals.append(
            Arrival(
                at_ms=rng.randint(0, within_ms),
                faces=faces,
                client=rng.randint(0, 3),
                deadline_ms=sometimes(0.3, lambda: rng.randint(1, 60)),
                cancel_ms=sometimes(0.2, lambda: rng.randint(1, 60)),
                bad=sometimes(0.1, lambda faces=faces: rng.randrange(faces)),  # type: ignore[misc]
            )
        )
    batch_max = rng.randint(1, 8)
    return Schedule(
        arrivals=arrivals,
        calls_ms=[rng.randint(0, 25) for _ in range(rng.randint(1, 5))],
        failing={rng.randint(0, 8) for _ in range(rng.choice((0, 0, 1, 3)))},
        config=BatcherConfig(
            batch_max=batch_max,
            queue_max=rng.randint(max(batch_max, 9), 24),
            in_flight_max=rng.choice((1, 2, 2, 3)),
        ),
        close_ms=sometimes(0.2, lambda: rng.randint(0, 70)),
        drain_ms=sometimes(0.5, lambda: rng.randint(0, 30)),
    )


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    times = st.one_of(st.none(), st.integers(1, 60))
    bad = st.one_of(st.none(), st.integers(0, 9))
    arrival = st.builds(
        Arrival, st.integers(0, 60), st.integers(1, 9), st.integers(0, 3), times, times, bad
    )
    batch_max = draw(st.integers(1, 8))
    return Schedule(
        arrivals=draw(st.lists(arrival, min_size=1, max_size=12)),
        calls_ms=draw(st.lists(st.integers(0, 25), min_size=1, max_size=5)),
        failing=draw(st.sets(st.integers(0, 8), max_size=3)),
        config=BatcherConfig(
            batch_max=batch_max,
            queue_max=draw(st.integers(max(batch_max, 9), 40)),
            in_flight_max=draw(st.integers(1, 3)),
        ),
        close_ms=draw(st.one_of(st.none(), st.integers(0, 70))),
        drain_ms=draw(st.one_of(st.none(), st.integers(0, 30))),
    )


def check(schedule: Schedule) -> None:
    embedder = LabelEmbedder()
    embedder.failing = {call: EngineUnavailable("the device is gone") for call in schedule.failing}
    embedder.bad = {
        (caller, arrival.bad)
        for caller, arrival in enumerate(schedule.arrivals)
        if arrival.bad is not None and arrival.bad < arrival.faces
    }
    executor = RecordingExecutor(
        embedder, lambda n: schedule.calls_ms[n % len(schedule.calls_ms)] / 1e3
    )

    endings, stats = run_virtual(lambda: played(schedule, embedder, executor))

    computed = [face for batch in executor.batches for face in batch]
    assert len(set(computed)) == len(computed), "a face went into two calls"
    assert all(len(batch) <= schedule.config.batch_max for batch in executor.batches)
    assert executor.in_flight == 0
    assert executor.in_flight_max <= schedule.config.in_flight_max
    assert stats.faces_waiting == 0
    assert stats.failed_batches == sum(executor.has_failed)
    assert stats.batches + stats.failed_batches == len(executor.batches)
    outcomes = [ending.outcome for ending in endings]
    assert stats.refused == sum(isinstance(outcome, QueueFull) for outcome in outcomes)
    assert stats.late == sum(isinstance(outcome, DeadlineExceeded) for outcome in outcomes)
    if schedule.close_ms is None:
        assert stats.requests == len(outcomes) - stats.refused
    for caller, ending in enumerate(endings):
        check_ending(caller, schedule, ending, embedder, executor)


def check_ending(
    caller: int,
    schedule: Schedule,
    ending: Ending,
    embedder: LabelEmbedder,
    executor: RecordingExecutor,
) -> None:
    arrival = schedule.arrivals[caller]
    mine = [n for n, batch in enumerate(executor.batches) if any(c == caller for c, _ in batch)]
    begun_s = max((executor.started_s[n] for n in mine), default=0.0)
    arrived_s = arrival.at_ms / 1e3
    for limit_ms in (arrival.deadline_ms, arrival.cancel_ms):
        assert limit_ms is None or begun_s <= arrived_s + limit_ms / 1e3 + 1e-9
    is_bad = any(c == caller for c, _ in embedder.bad)
    match ending.outcome:
        case np.ndarray():
            assert not is_bad
            assert np.array_equal(ending.outcome, answer_to(caller, arrival.faces))
        case QueueFull():
            assert not mine
            assert abs(ending.at_s - arrived_s) < 1e-9
        case DeadlineExceeded():
            assert arrival.deadline_ms is not None
            assert abs(ending.at_s - arrived_s - arrival.deadline_ms / 1e3) < 1e-9
        case ArrayInvalid():
            assert is_bad
        case EngineUnavailable():
            assert any(executor.has_failed[n] for n in mine)
        case ShuttingDown():
            assert schedule.close_ms is not None
            assert ending.at_s >= schedule.close_ms / 1e3 - 1e-9
        case _:
            assert isinstance(ending.outcome, asyncio.CancelledError)
            assert arrival.cancel_ms is not None


async def played(
    schedule: Schedule, embedder: LabelEmbedder, executor: VirtualExecutor
) -> tuple[list[Ending], BatcherStats]:
    batcher = Batcher(embedder, schedule.config, executor)
    await batcher.start()
    callers = [
        asyncio.create_task(one_caller(batcher, caller, arrival))
        for caller, arrival in enumerate(schedule.arrivals)
    ]
    if schedule.close_ms is not None:
        await asyncio.sleep(schedule.close_ms / 1e3)
        await batcher.close(None if schedule.drain_ms is None else schedule.drain_ms / 1e3)
    endings = await asyncio.gather(*callers)
    await batcher.close()
    return endings, batcher.stats


async def one_caller(batcher: Batcher, caller: int, arrival: Arrival) -> Ending:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(arrival.at_ms / 1e3)
    deadline_s = None if arrival.deadline_ms is None else arrival.deadline_ms / 1e3
    request = asyncio.create_task(
        batcher.embed(faces_of(caller, arrival.faces), deadline_s, arrival.client)
    )
    if arrival.cancel_ms is not None:
        loop.call_later(arrival.cancel_ms / 1e3, request.cancel)
    try:
        outcome: Outcome = await request
    except (FacenetError, asyncio.CancelledError) as error:
        outcome = error
    assert batcher.stats.faces_waiting <= 40
    return Ending(outcome, loop.time())


@pytest.mark.parametrize("first", range(0, SCHEDULES, 1000))
def test_every_request_gets_exactly_one_answer_and_it_is_its_own(first: int) -> None:
    for seed in range(first, first + 1000):
        schedule = drawn(random.Random(seed))  # noqa: S311 - no secret is made of it
        try:
            check(schedule)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {schedule}") from error


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_no_odd_schedule_is_found_that_breaks_it(schedule: Schedule) -> None:
    check(schedule)
