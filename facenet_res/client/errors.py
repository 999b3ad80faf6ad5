"""A status from the wire, back to the error class that the server raised.

The reason in the trailing metadata names the class. What never reached our
server's code carries no reason: then the status itself decides.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import grpc

from facenet_res.core import errors
from facenet_res.core.errors import (
    ArgumentInvalid,
    DeadlineExceeded,
    FacenetError,
    ImageTooLarge,
    QueueFull,
    ServerFault,
    ServerUnreachable,
)

REASON_KEY = "error-reason"

BY_REASON: Mapping[str, type[FacenetError]] = MappingProxyType(
    {
        kind.reason: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, FacenetError) and kind.reason
    }
)

BY_STATUS: Mapping[grpc.StatusCode, type[FacenetError]] = MappingProxyType(
    {
        grpc.StatusCode.UNAVAILABLE: ServerUnreachable,
        grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
        grpc.StatusCode.RESOURCE_EXHAUSTED: QueueFull,
        grpc.StatusCode.INVALID_ARGUMENT: ArgumentInvalid,
    }
)

# gRPC tells its whole way to the fault, the address several times; the fault itself stands last.
UNREACHED = re.compile(
    r"failed to connect to all addresses;.*: (?P<refused>[^:]+)"
    r"|errors resolving .*: (?P<unresolved>[^:]+)\]",
    re.DOTALL,
)

Metadata = Sequence[tuple[str, str | bytes]]


def reason_of(trailing: Metadata | None) -> str:
    """The stable reason in the trailing metadata; "" where there is none."""
    for key, value in trailing or ():
        if key == REASON_KEY:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return ""


def error_of(code: grpc.StatusCode, message: str, reason: str, address: str) -> FacenetError:
    """The error that a failed call stands for; the caller raises it.

    Args:
        code: the call's status, never OK.
        message: what the server or the transport says.
        reason: as `reason_of` gives it.
        address: of the server, named where it could not be reached.

    Returns:
        An error of the class that the reason names; without one, of the class that the status
        suggests; ServerFault where neither says anything.
    """
    if kind := BY_REASON.get(reason):
        return kind(message)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in message:
        # gRPC itself refuses a message over the server's limit, before any code of ours runs.
        return ImageTooLarge(f"the request is larger than the server takes: {message}")
    fallback = BY_STATUS.get(code, ServerFault)
    if fallback is ServerUnreachable:
        return ServerUnreachable(f"no server answers at {address}: {cause_of(message)}")
    if fallback is ServerFault:
        return ServerFault(f"the server at {address} answered {code.name}: {message}")
    return fallback(message)


def cause_of(message: str) -> str:
    """What gRPC's message on a failed connection comes down to, such as "connection refused"."""
    found = UNREACHED.fullmatch(message)
    cause = found and (found["refused"] or found["unresolved"])
    return cause[0].lower() + cause[1:] if cause else message
