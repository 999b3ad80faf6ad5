"""Bytes of messages that the server holds at once: in all, by caller and by connection."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from facenet_res.core.errors import QueueFull
from facenet_res.server.context import Call
from facenet_res.server.shares import why_beyond_share


class ByteBudget:
    """Lends bytes; see `shares` for how many to whom. For one event loop."""

    def __init__(self, total: int, on_change: Callable[[int], None] = lambda held: None) -> None:
        """Lends so many bytes in all; `on_change` hears how many are lent."""
        self._total = total
        self._on_change = on_change
        self._held = 0
        self._held_by: Counter[str] = Counter()
        self._waiting: deque[tuple[Call, int, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        """Bytes lent now."""
        return self._held

    async def take(self, call: Call, count: int) -> None:
        """Takes bytes, as soon as they are free for this call."""
        if not self._why_not(call, count):
            self._count(call, count)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (call, count, future)
        self._waiting.append(entry)
        try:
            await future
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:
                self.give(call, count)
            raise

    def take_now(self, call: Call, count: int) -> None:
        """Takes bytes that are there already.

        Raises:
            QueueFull: they exceed what the call may take.
        """
        why_not = self._why_not(call, count)
        if why_not:
            raise QueueFull(f"{count} bytes of an answer cannot be held: {why_not}")
        self._count(call, count)

    def give(self, call: Call, count: int) -> None:
        """Gives bytes back, and lends them to those who wait, the first one first."""
        self._count(call, -count)
        for entry in list(self._waiting):
            other, wanted, future = entry
            # One that was cancelled takes itself out when its task runs.
            if not future.done() and not self._why_not(other, wanted):
                self._waiting.remove(entry)
                self._count(other, wanted)
                future.set_result(None)

    def _why_not(self, call: Call, count: int) -> str:
        return why_beyond_share("bytes", call, self._held_by, count, self._total, self._held)

    def _count(self, call: Call, more: int) -> None:
        self._held += more
        for key in (call.caller, call.connection):
            self._held_by[key] += more
            if not self._held_by[key]:
                del self._held_by[key]
        self._on_change(self._held)
