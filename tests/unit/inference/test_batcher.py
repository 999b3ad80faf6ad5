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
from tests.batchers import CALL_S, batcher_of, now_s
from tests.label_embedder import LabelEmbedder, answer_to, faces_of
from tests.virtual_time import run_virtual


def test_a_face_on_an_idle_machine_is_not_held_up() -> None:
    async def work() -> float:
        async with batcher_of(LabelEmbedder(), wait_ms_max=1000) as batcher:
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


def test_callers_who_come_back_at_once_share_the_next_call() -> None:
    embedder = LabelEmbedder()

    async def client(batcher: Batcher, caller: int) -> None:
        for _ in range(5):
            await batcher.embed(faces_of(caller, 1))
            await asyncio.sleep(caller * 0.0001)

    async def work() -> None:
        async with batcher_of(embedder) as batcher:
            await asyncio.gather(*(client(batcher, caller) for caller in range(4)))

    run_virtual(work)

    assert [len(call) for call in embedder.calls] == [4] * 5


def test_the_wait_for_company_ends_at_its_limit() -> None:
    embedder = LabelEmbedder()

    async def work() -> float:
        async with batcher_of(embedder, wait_ms_max=20) as batcher:
            await asyncio.gather(*(batcher.embed(faces_of(caller, 1)) for caller in range(4)))
            before_s = now_s()
            await batcher.embed(faces_of(9, 1))
            return now_s() - before_s

    assert run_virtual(work) == pytest.approx(0.020 + CALL_S)


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


def test_more_faces_than_the_queue_ever_holds_cannot_be_retried() -> None:
    async def work() -> None:
        async with batcher_of(LabelEmbedder(), queue_max=6) as batcher:
            with pytest.raises(ArgumentInvalid, match="7 faces in one request, limit is 6"):
                await batcher.embed(faces_of(0, 7))

    run_virtual(work)
