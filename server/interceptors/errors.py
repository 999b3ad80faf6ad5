"""Errors to statuses, once.

The reason travels in the trailing metadata `error-reason`, and with its details as a
google.rpc.Status in `grpc-status-details-bin`.
"""

import logging
from typing import Any

import grpc

from facenet_res.core.errors import (
    DeadlineExceeded,
    DiskFull,
    FaceExists,
    FacenetError,
    GalleryExists,
    InputError,
    PermissionDenied,
    PersonExists,
    QueueFull,
    StateError,
    Unauthenticated,
    Unavailable,
    UnknownFace,
    UnknownPerson,
)
from facenet_res.server.context import Call
from facenet_res.server.error_details import DETAILS_KEY, details_of
from facenet_res.server.interceptors.unary import Serve

REASON_KEY = "error-reason"
INTERNAL_REASON = "INTERNAL"
INTERNAL_MESSAGE = "internal error; the server's log has the details"
# Statuses travel in headers, and gRPC takes 8 KB of those in all.
MESSAGE_CHARS_MAX = 2000

# First match wins, so a class stands above its base.
STATUS: tuple[tuple[type[FacenetError], grpc.StatusCode], ...] = (
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (PermissionDenied, grpc.StatusCode.PERMISSION_DENIED),
    (InputError, grpc.StatusCode.INVALID_ARGUMENT),
    (UnknownPerson, grpc.StatusCode.NOT_FOUND),
    (UnknownFace, grpc.StatusCode.NOT_FOUND),
    (PersonExists, grpc.StatusCode.ALREADY_EXISTS),
    (FaceExists, grpc.StatusCode.ALREADY_EXISTS),
    (GalleryExists, grpc.StatusCode.ALREADY_EXISTS),
    (StateError, grpc.StatusCode.FAILED_PRECONDITION),
    (QueueFull, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (DiskFull, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (DeadlineExceeded, grpc.StatusCode.DEADLINE_EXCEEDED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
)

log = logging.getLogger(__name__)


def status_of(error: FacenetError) -> grpc.StatusCode:
    """The status that stands for an error."""
    return next(code for kind, code in STATUS if isinstance(error, kind))


async def errors_to_statuses(inner: Serve, call: Call) -> bytes:
    """Ends a failed call with the status of its error; a bug as INTERNAL, its trace in the log."""
    try:
        return await inner(call)
    except FacenetError as error:
        await _end(call, status_of(error), str(error)[:MESSAGE_CHARS_MAX], error.reason)
    except Exception:
        log.exception("bug in %s, request %s", call.method, call.request_id)
        await _end(call, grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE, INTERNAL_REASON)
    raise AssertionError("abort raises")


async def _end(call: Call, code: grpc.StatusCode, message: str, reason: str) -> None:
    details = details_of(code, message, reason, call.request_id)
    trailing: Any = (*call.echoed(), (REASON_KEY, reason), (DETAILS_KEY, details))
    await call.context.abort(code, message, trailing)
