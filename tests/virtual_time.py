"""An event loop whose clock jumps from timer to timer, and an executor that lives by it.

Orders of arrival, deadlines and engine times become exact, and a test of many
seconds takes none.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, TypeVar

Value = TypeVar("Value")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when there is nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def time(self) -> float:
        return self._now_s

    def stall(self, seconds: float) -> None:
        """Lets time pass as if a callback had kept the loop busy: timers fall due meanwhile."""
        self._now_s += seconds

    def _run_once(self) -> None:
        if not self._ready:
            timers = [timer for timer in self._scheduled if not timer.cancelled()]
            assert timers, "everybody waits and nobody will come"
            self._now_s = max(self._now_s, min(timer.when() for timer in timers))
        super()._run_once()


class VirtualExecutor(Executor):
    """Runs a call when it is submitted, and answers after as long as the test says.

    Calls in flight together take their time one after another, as an engine's do.

    Attributes:
        started_s: when each call was submitted.
        rests_s: how long the engine had stood still before each call.
    """

    def __init__(self, takes_s: Callable[[int], float]) -> None:
        """See the class.

        Args:
            takes_s: seconds that the call of a number, from 0, takes; asked when it has run.
        """
        self.started_s: list[float] = []
        self.rests_s: list[float] = []
        self._takes_s = takes_s
        self._free_s = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        loop = asyncio.get_running_loop()
        future: Future[Any] = Future()
        self.started_s.append(loop.time())
        outcome: Callable[[], None]
        try:
            outcome = partial(future.set_result, fn(*args, **kwargs))
        except Exception as error:
            outcome = partial(future.set_exception, error)
        begins_s = max(loop.time(), self._free_s)
        self.rests_s.append(begins_s - self._free_s)
        self._free_s = begins_s + self._takes_s(len(self.started_s) - 1)
        loop.call_at(self._free_s, outcome)
        return future


def run_virtual(work: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """Runs a coroutine to its end in virtual time."""
    # No asyncio.Runner: it sets a signal handler for each, which took a quarter of the time.
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()
