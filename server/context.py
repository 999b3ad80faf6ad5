"""The context of a call, as our servicers and interceptors see it."""

import hashlib
from dataclasses import dataclass
from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
"""Deadline, metadata and status of one call."""

AUTHORIZATION = "authorization"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has called; callers take turns for threads and engine, and share the places.

    Attributes:
        client: identity by which turns and shares are counted, see `identity_of`.
        context: asked for the time that is left when it matters.
    """

    client: str
    context: Context

    @classmethod
    def of(cls, context: Context) -> "Caller":
        """The caller of a call."""
        return cls(identity_of(context), context)

    def remaining_s(self) -> float | None:
        """Seconds until the caller's deadline; None where it has none."""
        left_s: float | None = self.context.time_remaining()
        return left_s


def identity_of(context: Context) -> str:
    """Identity of a caller: its credential, else its address.

    A credential stands for its owner over any number of connections. Without one it is the peer's
    IP address, so that opening connections gains nothing; on loopback, where every program has the
    same address, it is the connection.
    """
    for key, value in context.invocation_metadata() or ():
        if key == AUTHORIZATION:
            # A digest: secrets belong in no table and in no log.
            text = value.encode() if isinstance(value, str) else value
            return "credential:" + hashlib.sha256(text).hexdigest()
    peer = str(context.peer())
    kind, _, address = peer.partition(":")
    host, _, _ = address.rpartition(":")
    is_local = kind not in {"ipv4", "ipv6"} or host.startswith("127.") or "::1" in host
    return peer if is_local else f"{kind}:{host}"
