"""A bounded set of threads for work that would hold up the event loop."""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from facenet_res.core.errors import DeadlineExceeded
from facenet_res.server.fair_queue import FairQueue

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Turn:
    """On whose account work is done, and until when it must have begun.

    Attributes:
        caller: who asks; callers share the threads' time.
        connection: of the caller; its connections take turns.
        latest_s: `time.monotonic` after which beginning is no use; called when a thread is free,
            with whether other work waits.
    """

    caller: Hashable = None
    connection: Hashable = None
    latest_s: Callable[[bool], float] | None = None


NOBODY = Turn()


class WorkerPool:
    """Runs blocking work in its own threads; a context manager that waits for them.

    Callers share the threads' time by what they have used. Work of callers whose work takes long
    leaves one thread to the others. What waits is bounded by the requests that are served at once.
    Work whose caller has gone, or can no longer be answered in time, is dropped while it waits;
    once begun it runs to its end.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._queue: FairQueue[tuple[Future[Any], Callable[[], Any], Turn]] = FairQueue()
        self._heavy_max = max(1, threads - 1)
        self._heavy = 0
        self._idle = threads

    async def run(self, work: Callable[[], Result], turn: Turn = NOBODY) -> Result:
        """The result of `work`, called in a thread; what it raises is raised here.

        Raises:
            DeadlineExceeded: it could no longer be answered in time when its turn came.
        """
        future: Future[Result] = Future()
        with self._lock:
            self._queue.push(turn.caller, (future, work, turn), turn.connection)
            has_thread = self._idle > 0
            self._idle -= has_thread
        if has_thread:
            self._executor.submit(self._work)
        return await asyncio.wrap_future(future)

    def mean_s(self, caller: Hashable) -> float:
        """Seconds that the caller's work takes on average, once begun; 0 where unknown."""
        with self._lock:
            return self._queue.mean_s(caller)

    def close(self) -> None:
        """Drops what waits, waits for what runs."""
        with self._lock:
            waiting = list(self._queue)
            self._queue = FairQueue()
        for future, _, _ in waiting:
            future.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _work(self) -> None:
        """Does what waits, in the order of turns, until nothing that may begin is left."""
        while True:
            with self._lock:
                taken = self._queue.take(heavy=self._heavy < self._heavy_max)
                if taken is None:
                    self._idle += 1
                    return
                caller, (future, work, turn) = taken
                is_crowded = len(self._queue) > 0
                is_heavy = self._queue.is_heavy(caller)
                self._heavy += is_heavy
            seconds = _done(future, work, turn, is_crowded)
            with self._lock:
                self._heavy -= is_heavy
                self._queue.ended(caller, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _done(
    future: "Future[Any]", work: Callable[[], Any], turn: Turn, is_crowded: bool
) -> float | None:
    """Does the work and answers its future; the seconds it took, None where it was not begun."""
    if not future.set_running_or_notify_cancel():
        return None
    began_s = time.monotonic()
    if turn.latest_s is not None and began_s > turn.latest_s(is_crowded):
        future.set_exception(DeadlineExceeded("not begun: too little time is left for an answer"))
        return None
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return time.monotonic() - began_s
