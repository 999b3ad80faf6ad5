"""A call of one of our methods, from the moment its stream opens."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
"""gRPC's own: deadline, metadata and status of one call."""

REQUEST_ID = "x-request-id"
TRACE_PARENT = "traceparent"
# Longer ones, or with other characters, do not go into logs.
ID_CHARS_MAX = 128


@dataclass(slots=True, eq=False)
class Call:
    """Who has called what, and until when the answer is wanted.

    Attributes:
        method: as "Service/Method".
        context: gRPC's.
        caller: identity by which turns and shares are counted: the credential's where the call
            has a valid one, else the peer's address.
        connection: the peer's address with its port.
        deadline_s: `time.monotonic` at which the answer is no longer wanted.
        metadata: of the request, by name; of a name that comes twice, the first.
        request_id: the caller's own, or a new one.
    """

    method: str
    context: Context
    caller: str
    connection: str
    deadline_s: float
    metadata: dict[str, str]
    request_id: str

    @classmethod
    def opened(cls, method: str, context: Context, deadline_s_max: float) -> "Call":
        """The call of a stream that has just opened.

        Args:
            method: as "Service/Method".
            context: gRPC's.
            deadline_s_max: longest time of a call; a longer deadline of the caller is cut to it.
        """
        left_s = context.time_remaining()
        metadata = text_metadata(tuple(context.invocation_metadata() or ()))
        peer = str(context.peer())
        return cls(
            method=method,
            context=context,
            caller=address_of(peer),
            connection=peer,
            deadline_s=time.monotonic() + min(deadline_s_max, left_s or deadline_s_max),
            metadata=metadata,
            request_id=_printable(metadata.get(REQUEST_ID, "")) or uuid4().hex,
        )

    def remaining_s(self) -> float:
        """Seconds until the answer is no longer wanted; below 0 after that."""
        return self.deadline_s - time.monotonic()

    @property
    def trace_parent(self) -> str:
        """The caller's `traceparent` (W3C Trace Context); "" for none."""
        return _printable(self.metadata.get(TRACE_PARENT, ""))

    def echoed(self) -> tuple[tuple[str, str], ...]:
        """What the trailing metadata repeats, so that both sides can be matched."""
        trace = self.trace_parent
        return ((REQUEST_ID, self.request_id), *(((TRACE_PARENT, trace),) if trace else ()))


def address_of(peer: str) -> str:
    """The peer's address without the port: opening connections makes no new caller."""
    kind, _, address = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return kind
    return f"{kind}:{address.rpartition(':')[0]}"


def text_metadata(metadata: Sequence[Any]) -> dict[str, str]:
    """The entries that are text, by name; of a name that comes twice, the first."""
    found: dict[str, str] = {}
    for key, value in metadata:
        if isinstance(value, str):
            found.setdefault(key, value)
    return found


def _printable(text: str) -> str:
    is_fine = len(text) <= ID_CHARS_MAX and text.isascii() and text.isprintable()
    return text if is_fine else ""
