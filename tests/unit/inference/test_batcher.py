"""One property of the batcher a test, in virtual time; all of them at once in the schedules."""

import asyncio

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    QueueFull,
)
from facenet_res.core.types import Embeddings
from facenet_res.inference.batcher import Batcher
from facenet_res.inference.config import BatcherConfig
from tests.batchers import CALL_S, batcher_of, now_s
from tests.label_embedder import LabelEmbedder, answer_to, faces_of
from tests.virtual_time import VirtualExecutor, run_virtual


def test_a_face_on_an_idle_machine_is_not_held_up() -> None:
    async def work() -> float:
        async with batcher_of(LabelEmbedder()) as batcher:
            await batcher.embed(faces_of(1, 1))
            await asyncio.sleep(5)
            before_s = now_s()
            await batcher.embed(faces_of(2, 1))
            return now_s() - before_s

    assert run_virtual(work) == pytest.approx(CALL_S)


def test_requests_gather_while_the_engine_works() -> None:
    embedder = LabelEmbedder()

    async def work() -> list[Embeddings]:
        async with batcher_of(embedder) as batcher:
            first = asyncio.create_task(batcher.embed(faces_of(0, 1)))
            await asyncio.sleep(CALL_S / 2)
            others = [batcher.embed(faces_of(caller, 1)) for caller in (1, 2, 3)]
            return await asyncio.gather(first, *others)

    answers = run_virtual(work)

    assert [len(call) for call in embedder.calls] == [1, 3]
    for caller, answer in enumerate(answers):
        np.testing.assert_array_equal(answer, answer_to(caller, 1))


def test_callers_who_come_back_do_not_wait_where_a_call_costs_by_the_face() -> None:
    embedder = LabelEmbedder()
    waited_s: list[float] = []

    async def client(batcher: Batcher, caller: int) -> None:
        for _ in range(20):
            await batcher.embed(faces_of(caller, 1))
            await asyncio.sleep(0.001 + caller * 0.0001)

    async def work() -> None:
        executor = VirtualExecutor(lambda call: CALL_S * len(embedder.calls[call]))
        async with Batcher(embedder, BatcherConfig(), executor) as batcher:
            await asyncio.gather(*(client(batcher, caller) for caller in range(3)))
        waited_s.extend(executor.rests_s[1:])

    run_virtual(work)

    # The engine rests for as long as the first of them takes to come back, and no longer.
    assert max(waited_s) <= 0.001 + 1e-9


def test_the_engine_does_not_rest_while_faces_wait() -> None:
    embedder = LabelEmbedder()

    async def work() -> VirtualExecutor:
        executor = VirtualExecutor(lambda _: CALL_S)
        batcher = Batcher(embedder, BatcherConfig(batch_max=4), executor)
        async with batcher:
            await asyncio.gather(*(batcher.embed(faces_of(c, 1), client=c) for c in range(40)))
        return executor

    executor = run_virtual(work)

    # Then: from the second call on, each is handed over before the one in hand has ended.
    ends_s = [CALL_S * n for n in range(1, 11)]
    lead_s = [
        end_s - begun_s for end_s, begun_s in zip(ends_s, executor.started_s[1:], strict=False)
    ]
    assert max(executor.rests_s) == 0
    assert lead_s[1:] == pytest.approx([CALL_S / 8] * 8)


def test_one_call_at_a_time_where_that_is_asked_for() -> None:
    async def work() -> list[float]:
        executor = VirtualExecutor(lambda _: CALL_S)
        config = BatcherConfig(batch_max=4, in_flight_max=1)
        async with Batcher(LabelEmbedder(), config, executor) as batcher:
            await asyncio.gather(*(batcher.embed(faces_of(c, 1)) for c in range(12)))
        return executor.started_s

    assert run_virtual(work) == pytest.approx([0.0, CALL_S, 2 * CALL_S])


def test_clients_take_turns_whatever_each_has_sent() -> None:
    async def work() -> tuple[float, float]:
        async with batcher_of(LabelEmbedder(), queue_max=2100) as batcher:
            # Given: a client with a thousand requests of one face each.
            crowd = [
                asyncio.create_task(batcher.embed(faces_of(0, 1), client="busy"))
                for _ in range(1000)
            ]
            await asyncio.sleep(CALL_S / 2)
            # When: another one sends a single face.
            await batcher.embed(faces_of(1, 1), client="calm")
            calm_s = now_s()
            await asyncio.gather(*crowd)
            return calm_s, now_s()

    calm_s, busy_s = run_virtual(work)

    assert calm_s == pytest.approx(2 * CALL_S)
    assert busy_s > 200 * CALL_S


def test_tells_how_long_each_face_waited() -> None:
    waits_s: list[list[float]] = []

    async def work() -> None:
        batcher = Batcher(
            LabelEmbedder(),
            BatcherConfig(batch_max=2),
            VirtualExecutor(lambda _: CALL_S),
            on_waits=lambda waits: waits_s.append(list(waits)),
        )
        async with batcher:
            await batcher.embed(faces_of(0, 3))

    run_virtual(work)

    assert waits_s == [[0.0, 0.0], [pytest.approx(CALL_S)]]


def test_a_long_request_is_split_and_put_together_again() -> None:
    embedder = LabelEmbedder()

    async def work() -> Embeddings:
        async with batcher_of(embedder) as batcher:
            return await batcher.embed(faces_of(7, 10))

    np.testing.assert_array_equal(run_virtual(work), answer_to(7, 10))
    assert [len(call) for call in embedder.calls] == [4, 4, 2]


def test_a_long_request_does_not_starve_short_ones() -> None:
    async def work() -> tuple[float, float]:
        async with batcher_of(LabelEmbedder(), queue_max=600) as batcher:
            long = asyncio.create_task(batcher.embed(faces_of(0, 500)))
            await asyncio.sleep(CALL_S / 2)
            await batcher.embed(faces_of(1, 1))
            short_s = now_s()
            await long
            return short_s, now_s()

    short_s, long_s = run_virtual(work)

    assert short_s == pytest.approx(2 * CALL_S)
    assert long_s > 100 * CALL_S


def test_a_full_queue_says_so_at_once() -> None:
    async def work() -> tuple[float, Batcher]:
        batcher = batcher_of(LabelEmbedder(), queue_max=6)
        async with batcher:
            working = asyncio.create_task(batcher.embed(faces_of(0, 4)))
            await asyncio.sleep(0.01)
            waiting = asyncio.create_task(batcher.embed(faces_of(1, 4)))
            await asyncio.sleep(0)
            with pytest.raises(QueueFull, match=r"4 faces wait, 3 more were sent, limit is 6"):
                await batcher.embed(faces_of(2, 3))
            refused_s = now_s()
            await batcher.embed(faces_of(3, 2))
            await asyncio.gather(working, waiting)
        return refused_s, batcher

    refused_s, batcher = run_virtual(work)

    assert refused_s == pytest.approx(0.01)
    assert batcher.stats.refused == 1
    assert batcher.stats.requests == 3


def test_one_client_cannot_take_all_the_room() -> None:
    async def work() -> None:
        async with batcher_of(LabelEmbedder(), queue_max=10) as batcher:
            # Given: a client that has half of the room.
            working = [
                asyncio.create_task(batcher.embed(faces_of(0, 4), client="busy")),
                asyncio.create_task(batcher.embed(faces_of(0, 1), client="busy")),
            ]
            await asyncio.sleep(0)
            # When: it wants more, and another client comes.
            with pytest.raises(QueueFull, match="5 faces of this client wait, 1 more were sent"):
                await batcher.embed(faces_of(0, 1), client="busy")
            # Then: the other one is served.
            await batcher.embed(faces_of(1, 5), client="calm")
            await asyncio.gather(*working)

    run_virtual(work)


def test_more_faces_than_the_queue_ever_holds_cannot_be_retried() -> None:
    async def work() -> None:
        async with batcher_of(LabelEmbedder(), queue_max=6) as batcher:
            with pytest.raises(ArgumentInvalid, match="7 faces in one request, limit is 6"):
                await batcher.embed(faces_of(0, 7))

    run_virtual(work)
