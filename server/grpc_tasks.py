"""Calls that are cancelled before they begin are no errors.

gRPC cancels the task of a call whose caller has left. Where the task has not begun yet, its own
handler of cancellations is not in place, and it logs and prints a trace for each.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

_GRPC_NAME = "_handle_exceptions"


class _BegunTask(asyncio.Task[Any]):
    """A task that begins before it is cancelled."""

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancels in the next round of the loop; a new task's first step comes before."""
        self.get_loop().call_soon(super().cancel, msg)
        return not self.done()


def create_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
) -> "asyncio.Task[Any]":
    """A task factory for event loops with a gRPC server."""
    is_of_grpc = getattr(coroutine, "__name__", "") == _GRPC_NAME
    kind = _BegunTask if is_of_grpc else asyncio.Task
    return kind(coroutine, loop=loop, **options)
