"""Things that serve one caller at a time, lent to one caller at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Lent = TypeVar("Lent")


class Pool(Generic[Lent]):
    """Lends what rests, and makes one more only where none does.

    There are never more than callers at once, so the callers' bound is the pool's.
    """

    def __init__(self, make: Callable[[], Lent]) -> None:
        self._make = make
        self._resting: SimpleQueue[Lent] = SimpleQueue()

    @contextmanager
    def lent(self) -> Iterator[Lent]:
        """One of them, for the caller alone; it comes back even where the caller fails."""
        try:
            item = self._resting.get_nowait()
        except Empty:
            item = self._make()
        try:
            yield item
        finally:
            self._resting.put(item)
