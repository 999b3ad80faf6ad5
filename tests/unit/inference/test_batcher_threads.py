"""The batcher with real threads and a real clock: the same promise as in virtual time."""

import asyncio
import random
import threading
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArrayInvalid,
    DeadlineExceeded,
    EngineUnavailable,
    FacenetError,
    QueueFull,
)
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.batcher import Batcher, BatcherStats
from facenet_res.inference.config import BatcherConfig
from tests.label_embedder import LabelEmbedder, answer_to, faces_of

CALLERS = 40


class CountingEmbedder(LabelEmbedder):
    """Remembers how many calls were under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = self.under_way_max = 0

    def embed(self, faces: Faces) -> Embeddings:
        with self._lock:
            self.under_way += 1
            self.under_way_max = max(self.under_way_max, self.under_way)
        try:
            return super().embed(faces)
        finally:
            with self._lock:
                self.under_way -= 1


@pytest.mark.parametrize("seed", range(40))
def test_every_caller_gets_its_own_answer_from_real_threads(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - no secret is made of it
    embedder = CountingEmbedder()
    embedder.failing = {rng.randint(0, 20): EngineUnavailable("the device is gone")}
    embedder.bad = {(caller, 0) for caller in range(CALLERS) if rng.random() < 0.1}
    counts = [rng.choice((1, 1, 2, 5)) for _ in range(CALLERS)]

    async def one(batcher: Batcher, caller: int) -> Embeddings | BaseException:
        for _ in range(rng.randint(0, 30)):
            await asyncio.sleep(0)
        deadline_s = rng.choice((None, None, 10.0, 1e-4))
        faces = faces_of(caller, counts[caller])
        request = asyncio.create_task(batcher.embed(faces, deadline_s, client=caller % 7))
        if rng.random() < 0.2:
            for _ in range(rng.randint(0, 10)):
                await asyncio.sleep(0)
            request.cancel()
        try:
            return await request
        except (FacenetError, asyncio.CancelledError) as error:
            return error

    async def work() -> tuple[list[Embeddings | BaseException], BatcherStats]:
        config = BatcherConfig(batch_max=8, queue_max=rng.choice((30, 200)))
        async with Batcher(embedder, config) as batcher:
            outcomes = await asyncio.gather(*(one(batcher, caller) for caller in range(CALLERS)))
        return outcomes, batcher.stats

    outcomes, stats = asyncio.run(work())

    assert stats.faces_waiting == 0
    assert embedder.under_way_max <= 2
    for caller, outcome in enumerate(outcomes):
        match outcome:
            case np.ndarray():
                assert (caller, 0) not in embedder.bad
                assert np.array_equal(outcome, answer_to(caller, counts[caller]))
            case ArrayInvalid():
                assert (caller, 0) in embedder.bad
            case _:
                kinds = (QueueFull, DeadlineExceeded, EngineUnavailable, asyncio.CancelledError)
                assert isinstance(outcome, kinds)


def test_the_next_call_reaches_the_engine_while_it_still_works() -> None:
    # Given: an engine whose call only ends when another one has come.
    class Meeting(LabelEmbedder):
        def embed(self, faces: Faces) -> Embeddings:
            answer = super().embed(faces)
            if len(self.calls) > 2:
                barrier.wait(timeout=10)
            return answer

    barrier = threading.Barrier(2)
    embedder = Meeting()

    async def work() -> None:
        async with Batcher(embedder, BatcherConfig(batch_max=1)) as batcher:
            # The batcher learns the engine's time from two calls; then two meet.
            await batcher.embed(faces_of(0, 1))
            await batcher.embed(faces_of(0, 1))
            await asyncio.gather(*(batcher.embed(faces_of(c, 1), client=c) for c in range(2)))

    asyncio.run(work())
    assert not barrier.broken


def test_a_thread_that_cannot_be_started_is_an_answer_too() -> None:
    class Exhausted(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise RuntimeError("can't start new thread")

    async def work() -> BatcherStats:
        async with Batcher(LabelEmbedder(), executor=Exhausted()) as batcher:
            with pytest.raises(RuntimeError, match="new thread"):
                await batcher.embed(faces_of(0, 1))
            return batcher.stats

    assert asyncio.run(work()).failed_batches == 1
