"""Gives memory of large messages back to the system.

The allocator keeps what was freed for the next allocation; after some messages of many megabytes
a server would hold a gigabyte of nothing.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable

# Bytes of messages that were held at once, from which on it is worth the time.
WORTH_BYTES = 64 << 20
EVERY_S = 2.0


class HeapTrim:
    """Trims the heap when large messages are gone; where the C library offers it (glibc)."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._held_most = 0
        self._last_s = 0.0
        self._task: asyncio.Future[None] | None = None

    def held(self, count: int) -> None:
        """So many bytes of messages are held now."""
        self._held_most = max(self._held_most, count)
        is_due = self._held_most >= WORTH_BYTES and count <= self._held_most // 4
        if not is_due or self._trim is None or (self._task and not self._task.done()):
            return
        self._held_most = count
        self._task = asyncio.ensure_future(self._trimmed(self._trim))

    async def _trimmed(self, trim: Callable[[int], int]) -> None:
        # The last message may still be on its way out, and others may follow.
        await asyncio.sleep(max(0.1, self._last_s + EVERY_S - time.monotonic()))
        self._last_s = time.monotonic()
        await asyncio.to_thread(trim, 0)
