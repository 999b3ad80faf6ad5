"""Faces of many requests, gathered into few calls of one embedder.

Bounded in every direction: faces that wait, faces in a call, calls in flight, time spent waiting.
A caller who has gone, or whose time is up, never reaches the engine; one who finds the queue full
hears so at once; one who sends a thousand faces does not hold up another's one.

While the engine works, requests gather by themselves. `Schedule` decides when the next call begins;
on an idle engine a face never waits.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from types import TracebackType

import numpy as np

from facenet_res.core.arrays import check_faces
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import DeadlineExceeded, QueueFull, ShuttingDown
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.batcher_queue import (
    Batch,
    Call,
    FaceQueue,
    Request,
    Schedule,
    requests_of,
)
from facenet_res.inference.config import BatcherConfig
from facenet_res.inference.embedder import Outcome, embed_rows
from facenet_res.inference.stats import BatcherStats

__all__ = ["Batcher", "BatcherStats"]


class Batcher:
    """An asyncio front to an Embedder; a context manager.

    All methods belong to one event loop. The embedder is called in worker threads, by at most
    `in_flight_max` calls at a time.
    """

    def __init__(
        self,
        embedder: Embedder,
        config: BatcherConfig | None = None,
        executor: Executor | None = None,
        on_waits: Callable[[Sequence[float]], None] | None = None,
    ) -> None:
        """See the class.

        Args:
            embedder: what computes.
            config: limits.
            executor: where it computes; None for threads of the batcher's own.
            on_waits: told for each call how many seconds each of its faces waited.
        """
        self._embedder = embedder
        self._config = config or BatcherConfig()
        self._schedule = Schedule(self._config)
        self._owns_executor = executor is None
        self._executor = executor or ThreadPoolExecutor(
            self._config.in_flight_max, thread_name_prefix="batcher"
        )
        self._on_waits = on_waits
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue = FaceQueue(self._config.queue_max)
        self._is_woken = False
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._is_closing = False
        self._counts: Counter[str] = Counter()

    @property
    def embedder(self) -> Embedder:
        """What computes; its model id is that of every embedding made here."""
        return self._embedder

    @property
    def stats(self) -> BatcherStats:
        """The counts as they are now."""
        return BatcherStats(**self._counts, faces_waiting=len(self._queue))

    async def start(self) -> None:
        """Begins to take requests; called once."""
        if self._loop is not None:
            raise AssertionError("the batcher was started already")
        self._loop = asyncio.get_running_loop()
        self._idle.set()

    async def embed(
        self, faces: Faces, deadline_s: float | None = None, client: Hashable = None
    ) -> Embeddings:
        """Embeds faces in company with those of other callers.

        Args:
            faces: uint8[B, 112, 112, 3] RGB; may be spread over several calls.
            deadline_s: seconds from now after which the answer is no longer wanted.
            client: who asks. Clients take turns face by face, whatever each has sent.

        Returns:
            float32[B, D], rows of unit length, in the order of the faces.

        Raises:
            ArrayInvalid: the batch has the wrong shape or type or is empty, or the network
                returned no embedding for one of these faces.
            ArgumentInvalid: more faces than the queue holds at its emptiest.
            QueueFull: there is no room for all of the faces now.
            DeadlineExceeded: the time ran out before the answer.
            ShuttingDown: the batcher is closing.
        """
        request = self._accepted(check_faces(faces), deadline_s, client)
        until = None if request.deadline == math.inf else request.deadline
        try:
            async with asyncio.timeout_at(until):
                return await request.answer
        except TimeoutError as error:
            self._counts["late"] += 1
            raise DeadlineExceeded(_late(deadline_s)) from error
        except asyncio.CancelledError:
            self._counts["cancelled"] += 1
            raise
        finally:
            self._withdraw(request)

    async def close(self, drain_s: float | None = None) -> None:
        """Takes no more requests, answers those that wait, and ends the threads.

        Args:
            drain_s: longest time for the waiting ones; those left over get ShuttingDown. A call
                that has begun is always waited for. None stands for as long as it takes.
        """
        self._is_closing = True
        if self._loop is not None:
            self._wake()
            try:
                await asyncio.wait_for(self._idle.wait(), drain_s)
            except TimeoutError:
                for request in list(self._queue):
                    self._fail(request, ShuttingDown("the server is stopping"))
                await self._idle.wait()
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

    def _accepted(self, faces: Faces, deadline_s: float | None, client: Hashable) -> Request:
        loop = self._running()
        if self._is_closing:
            raise ShuttingDown("the server is stopping and takes no new faces")
        try:
            self._queue.check_room(len(faces), client)
        except QueueFull:
            self._counts["refused"] += 1
            raise
        # Written this way round, NaN is refused as well.
        if deadline_s is not None and not deadline_s > 0:
            self._counts["late"] += 1
            raise DeadlineExceeded(_late(deadline_s))
        now_s = loop.time()
        request = Request(
            faces=faces,
            client=client,
            began_s=now_s,
            deadline=math.inf if deadline_s is None else now_s + deadline_s,
            answer=loop.create_future(),
            embeddings=np.empty((len(faces), self._embedder.embedding_dim), np.float32),
        )
        self._counts["requests"] += 1
        self._queue.push(request)
        self._idle.clear()
        self._wake()
        return request

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise AssertionError("the batcher was not started")
        return self._loop

    def _wake(self) -> None:
        """Has `_go_on` run when all that is ready now has been heard."""
        if not self._is_woken:
            self._is_woken = True
            self._running().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Begins every call that is due, and sets the clock for the next."""
        self._is_woken = False
        if self._timer is not None:
            self._timer.cancel()
        loop = self._running()
        while self._queue:
            now_s = loop.time()
            due_s = self._schedule.due_s(now_s)
            if due_s > now_s:
                if due_s < math.inf:
                    self._timer = loop.call_at(due_s, self._go_on)
                return
            batch = self._queue.take(self._config.batch_max, now_s)
            if batch:
                self._begin(batch, now_s)
        self._settle()

    def _begin(self, batch: Batch, now_s: float) -> None:
        if self._on_waits is not None:
            self._on_waits([now_s - request.began_s for request, _ in batch])
        rows = [request.faces[index] for request, index in batch]
        loop = self._running()
        try:
            future = loop.run_in_executor(self._executor, embed_rows, self._embedder, rows)
        except RuntimeError as error:  # No thread can be started, or the executor was shut down.
            self._fail_batch(batch, error)
            return
        call = self._schedule.began(len(batch), now_s)
        future.add_done_callback(partial(self._ended, batch, call))

    def _ended(self, batch: Batch, call: Call, future: asyncio.Future[list[Outcome]]) -> None:
        error = future.exception()
        if error is None:
            self._deliver(batch, future.result())
        else:
            self._fail_batch(batch, error)
        now_s = self._running().time()
        self._schedule.ended(call, now_s, learn=error is None)
        self._wake()

    def _deliver(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        counts = self._counts
        counts["batches"] += 1
        counts["faces"] += len(batch)
        counts["batch_size_max"] = max(counts["batch_size_max"], len(batch))
        for (request, index), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Exception):
                counts["failed_faces"] += 1
                self._fail(request, outcome)
                continue
            request.embeddings[index] = outcome
            request.embedded += 1
            if request.embedded == len(request.faces) and not request.answer.done():
                request.answer.set_result(request.embeddings)

    def _fail_batch(self, batch: Batch, error: BaseException) -> None:
        # Whatever it is, it is the answer to those who asked.
        self._counts["failed_batches"] += 1
        for request in requests_of(batch):
            self._fail(request, error)

    def _fail(self, request: Request, error: BaseException) -> None:
        self._withdraw(request)
        if not request.answer.done():
            request.answer.set_exception(error)

    def _withdraw(self, request: Request) -> None:
        self._queue.withdraw(request)
        self._settle()

    def _settle(self) -> None:
        if not self._queue and not self._schedule.calls:
            self._idle.set()


def _late(deadline_s: float | None) -> str:
    return f"no answer within the {deadline_s:g} s that were allowed"
