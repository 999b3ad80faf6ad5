"""Faces of many requests, gathered into few calls of one embedder.

Bounded in every direction: faces that wait, faces in a call, time spent waiting
for company. A caller who has gone, or whose time is up, never reaches the
engine; one who finds the queue full hears so at once.

While the engine works, requests gather by themselves. A wait is added only just
after a call, when those it served are likely to be back at once; on an idle
machine a face is never held up.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_faces
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArgumentInvalid, DeadlineExceeded, QueueFull, ShuttingDown
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.config import BatcherConfig
from facenet_res.inference.stats import BatcherStats

__all__ = ["Batcher", "BatcherStats"]


@dataclass(slots=True, eq=False)
class _Request:
    """One caller's faces and how far they have come."""

    faces: Faces
    deadline: float
    answer: asyncio.Future[Embeddings]
    embeddings: Embeddings
    taken: int = 0
    embedded: int = 0

    @property
    def waiting(self) -> int:
        return len(self.faces) - self.taken


_Batch = list[tuple[_Request, int]]
"""Whose face, and which of theirs, for each row of an engine call."""


class Batcher:
    """An asyncio front to an Embedder; a context manager.

    All methods belong to one event loop. The embedder is called in a worker
    thread, by one call at a time.
    """

    def __init__(
        self,
        embedder: Embedder,
        config: BatcherConfig | None = None,
        executor: Executor | None = None,
    ) -> None:
        """See the class.

        Args:
            embedder: what computes.
            config: limits and wait.
            executor: where it computes; None for a thread of the batcher's own.
        """
        self._embedder = embedder
        self._config = config or BatcherConfig()
        self._owns_executor = executor is None
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="batcher")
        self._queue: deque[_Request] = deque()
        self._arrived = asyncio.Event()
        self._is_closing = False
        self._runner: asyncio.Task[None] | None = None
        self._last_size = 0
        self._last_end = -math.inf
        self._waiting = 0
        self._stats = BatcherStats()

    @property
    def embedder(self) -> Embedder:
        """What computes; its model id is that of every embedding made here."""
        return self._embedder

    @property
    def stats(self) -> BatcherStats:
        """The counts as they are now."""
        return replace(self._stats, faces_waiting=self._waiting)

    async def start(self) -> None:
        """Begins to take requests; called once."""
        if self._runner is not None:
            raise AssertionError("the batcher was started already")
        self._runner = asyncio.create_task(self._run(), name="batcher")

    async def embed(self, faces: Faces, deadline_s: float | None = None) -> Embeddings:
        """Embeds faces in company with those of other callers.

        Args:
            faces: uint8[B, 112, 112, 3] RGB; may be spread over several calls.
            deadline_s: seconds from now after which the answer is no longer wanted.

        Returns:
            float32[B, D], rows of unit length, in the order of the faces.

        Raises:
            ArrayInvalid: the batch has the wrong shape or type or is empty.
            ArgumentInvalid: more faces than the queue holds at its emptiest.
            QueueFull: there is no room for all of the faces now.
            DeadlineExceeded: the time ran out before the answer.
            ShuttingDown: the batcher is closing.
        """
        request = self._accepted(check_faces(faces), deadline_s)
        self._count(requests=1)
        self._waiting += len(request.faces)
        self._queue.append(request)
        self._arrived.set()
        until = None if request.deadline == math.inf else request.deadline
        try:
            async with asyncio.timeout_at(until):
                return await request.answer
        except TimeoutError as error:
            self._count(late=1)
            raise DeadlineExceeded(_late(deadline_s)) from error
        except asyncio.CancelledError:
            self._count(cancelled=1)
            raise
        finally:
            self._withdraw(request)

    async def close(self, drain_s: float | None = None) -> None:
        """Takes no more requests, answers those that wait, and ends the thread.

        Args:
            drain_s: longest time for the waiting ones; those left over get ShuttingDown. A call
                that has begun is always waited for. None stands for as long as it takes.
        """
        self._is_closing = True
        self._arrived.set()
        if self._runner is not None:
            await asyncio.wait({self._runner}, timeout=drain_s)
            while self._queue:
                self._fail(self._queue[0], ShuttingDown("the server is stopping"))
            await self._runner
        if self._owns_executor:
            self._executor.shutdown()

    async def __aenter__(self) -> "Batcher":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _accepted(self, faces: Faces, deadline_s: float | None) -> _Request:
        if self._runner is None:
            raise AssertionError("the batcher was not started")
        if self._is_closing:
            raise ShuttingDown("the server is stopping and takes no new faces")
        room = self._config.queue_max
        if len(faces) > room:
            raise ArgumentInvalid(f"{len(faces)} faces in one request, limit is {room}")
        if self._waiting + len(faces) > room:
            self._count(refused=1)
            raise QueueFull(
                f"{self._waiting} faces wait, {len(faces)} more were sent, limit is {room}"
            )
        # Written this way round, NaN is refused as well.
        if deadline_s is not None and not deadline_s > 0:
            self._count(late=1)
            raise DeadlineExceeded(_late(deadline_s))
        loop = asyncio.get_running_loop()
        return _Request(
            faces=faces,
            deadline=math.inf if deadline_s is None else loop.time() + deadline_s,
            answer=loop.create_future(),
            embeddings=np.empty((len(faces), self._embedder.embedding_dim), np.float32),
        )

    async def _run(self) -> None:
        while await self._has_work():
            await self._wait_for_company()
            batch = self._next_batch()
            if batch:
                await self._compute(batch)

    async def _has_work(self) -> bool:
        """Waits for a request; False once the batcher is closing and nothing waits."""
        while not self._queue and not self._is_closing:
            self._arrived.clear()
            await self._arrived.wait()
        return bool(self._queue)

    async def _wait_for_company(self) -> None:
        """Lets the callers of the last call come back, if that call has only just ended."""
        until = self._last_end + self._config.wait_ms_max / 1e3
        expected = min(self._last_size, self._config.batch_max)
        try:
            async with asyncio.timeout_at(until):
                while self._waiting < expected and not self._is_closing:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return

    def _next_batch(self) -> _Batch:
        """One face of each request in turn, so that a long request does not hold up a short."""
        batch: _Batch = []
        now = asyncio.get_running_loop().time()
        while self._queue and len(batch) < self._config.batch_max:
            request = self._queue[0]
            if request.answer.done() or request.deadline <= now:
                # Its cancellation or its timer is about to answer it.
                self._withdraw(request)
                continue
            batch.append((request, request.taken))
            request.taken += 1
            self._waiting -= 1
            if request.waiting:
                self._queue.rotate(-1)
            else:
                self._queue.popleft()
        return batch

    async def _compute(self, batch: _Batch) -> None:
        loop = asyncio.get_running_loop()
        rows = [request.faces[index] for request, index in batch]
        try:
            embeddings = await loop.run_in_executor(self._executor, _embed, self._embedder, rows)
        except Exception as error:  # Whatever it is, it is the answer to those who asked.
            self._count(failed_batches=1)
            for request in _requests_of(batch):
                self._fail(request, error)
        else:
            self._deliver(batch, embeddings)
        self._last_size, self._last_end = len(rows), loop.time()

    def _deliver(self, batch: _Batch, embeddings: Embeddings) -> None:
        self._count(batches=1, faces=len(embeddings))
        largest = max(self._stats.batch_size_max, len(embeddings))
        self._stats = replace(self._stats, batch_size_max=largest)
        for (request, index), embedding in zip(batch, embeddings, strict=True):
            request.embeddings[index] = embedding
            request.embedded += 1
        for request in _requests_of(batch):
            if request.embedded == len(request.faces) and not request.answer.done():
                request.answer.set_result(request.embeddings)

    def _fail(self, request: _Request, error: Exception) -> None:
        self._withdraw(request)
        if not request.answer.done():
            request.answer.set_exception(error)

    def _withdraw(self, request: _Request) -> None:
        """Takes what is left of a request out of the queue."""
        if request.waiting:
            self._queue.remove(request)
            self._waiting -= request.waiting
            request.taken = len(request.faces)

    def _count(self, **changes: int) -> None:
        now = {name: getattr(self._stats, name) + change for name, change in changes.items()}
        self._stats = replace(self._stats, **now)


def _embed(embedder: Embedder, rows: Sequence[NDArray[np.uint8]]) -> Embeddings:
    # Copied here, in the worker's thread, and not in the event loop's.
    embeddings = embedder.embed(np.stack(rows))
    wanted = (len(rows), embedder.embedding_dim)
    if embeddings.shape != wanted:
        raise AssertionError(f"the embedder returned {embeddings.shape}, wanted {wanted}")
    return embeddings


def _requests_of(batch: _Batch) -> list[_Request]:
    return list(dict.fromkeys(request for request, _ in batch))


def _late(deadline_s: float | None) -> str:
    return f"no answer within the {deadline_s:g} s that were allowed"
