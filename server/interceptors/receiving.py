"""Reads a call's message within a time and a budget of bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from facenet_res.core.errors import ArgumentInvalid, DeadlineExceeded
from facenet_res.server.byte_budget import ByteBudget
from facenet_res.server.context import Call

# A message is there in pieces and joined while it is read; then as bytes and parsed, and its
# images once more for the decoder.
COPIES_READ = 2
COPIES = 3
# Answers below this are not counted: they are on their way in one write.
ANSWER_BYTES_COUNTED = 65_536


class Message:
    """The bytes of a message, given away once, so that no second copy stays behind."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def take(self) -> bytes:
        """The bytes; afterwards it is empty."""
        data, self._data = self._data, b""
        return data


class Receiver:
    """Reads messages; before one is read, as many bytes as it may have are set aside for it."""

    def __init__(self, budget: ByteBudget, message_bytes_max: int, receive_s_max: float) -> None:
        """Takes the limits.

        Args:
            budget: of all messages.
            message_bytes_max: largest message that gRPC lets pass.
            receive_s_max: longest time for a message to arrive, once there is room for it.
        """
        self._budget = budget
        self._message_bytes_max = message_bytes_max
        self._receive_s_max = receive_s_max

    @asynccontextmanager
    async def message(self, call: Call) -> AsyncIterator[Message]:
        """The call's message, when there is room for it; its bytes count until the block ends.

        Raises:
            DeadlineExceeded: it did not arrive in time.
            ArgumentInvalid: the caller sent none.
        """
        held = COPIES_READ * self._message_bytes_max
        await self._budget.take(call, held)
        try:
            message = Message(await self._read(call))
            # A message near the limit takes more now than was set aside for it: by half, at most.
            spare = held - COPIES * len(message)
            held -= spare
            self._budget.give(call, spare)
            yield message
        finally:
            self._budget.give(call, held)

    def hold_answer(self, call: Call, count: int) -> None:
        """Counts an answer's bytes until the caller has read them.

        Raises:
            QueueFull: the caller leaves too many answers unread.
        """
        if count < ANSWER_BYTES_COUNTED:
            return
        self._budget.take_now(call, count)
        call.context.add_done_callback(partial(self._answered, call, count))  # type: ignore[arg-type]

    def _answered(self, call: Call, count: int, _: Any) -> None:
        self._budget.give(call, count)

    async def _read(self, call: Call) -> bytes:
        # Never cancelled: gRPC writes to what it reads into. The end of the call ends it.
        reading: asyncio.Future[Any] = asyncio.ensure_future(call.context.read())
        reading.add_done_callback(_heard)
        done, _ = await asyncio.wait({reading}, timeout=self._receive_s_max)
        if not done:
            raise DeadlineExceeded(
                f"the message did not arrive within {self._receive_s_max:g} s; send it at once, "
                "or allow more (receive_s_max)"
            )
        data = reading.result()
        if not isinstance(data, bytes):
            raise ArgumentInvalid("the call was closed without a message")
        return data


def _heard(reading: "asyncio.Future[Any]") -> None:
    """Takes notice of an error of which nobody else may: that the call has ended."""
    if not reading.cancelled():
        reading.exception()
