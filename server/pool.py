"""A bounded set of threads for work that would hold up the event loop."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from facenet_res.core.turns import Turns

Result = TypeVar("Result")


class WorkerPool:
    """Runs blocking work in its own threads; a context manager that waits for them.

    Clients take turns: one with a hundred images does not hold up another's one. What waits
    for a thread is bounded by the requests that are served at once. Work whose caller has gone is
    dropped while it waits; once begun it runs to its end.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._turns: Turns[tuple[Future[Any], Callable[[], Any]]] = Turns()

    async def run(self, work: Callable[[], Result], client: Hashable = None) -> Result:
        """The result of `work`, called in a thread; what it raises is raised here.

        Args:
            work: what to call.
            client: who asks; clients take turns.
        """
        future: Future[Result] = Future()
        with self._lock:
            self._turns.push(client, (future, work))
        # As many calls as there is work, but each takes what is next when a thread is free.
        self._executor.submit(self._run_next)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Drops what waits, waits for what runs."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            for future, _ in self._turns:
                future.cancel()

    def _run_next(self) -> None:
        with self._lock:
            future, work = self._turns.take()
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
