"""The context of a call, as our servicers and interceptors see it."""

from dataclasses import dataclass
from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
"""Deadline, metadata and status of one call."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has called, for whom other callers wait and who waits for others.

    Attributes:
        client: the connection, by the address of its other end. Connections take turns.
        context: asked for the time that is left when it matters.
    """

    client: str
    context: Context

    @classmethod
    def of(cls, context: Context) -> "Caller":
        """The caller of a call."""
        return cls(context.peer(), context)

    def remaining_s(self) -> float | None:
        """Seconds until the caller's deadline; None where it has none."""
        left_s: float | None = self.context.time_remaining()
        return left_s
