"""Errors to statuses, once. The reason travels in the trailing metadata `error-reason`."""

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
    PersonExists,
    QueueFull,
    StateError,
    Unavailable,
    UnknownFace,
    UnknownPerson,
)
from facenet_res.server.context import Context
from facenet_res.server.interceptors.unary import Serve

REASON_KEY = "error-reason"
INTERNAL_MESSAGE = "internal error; the server's log has the details"
# Statuses travel in headers, and gRPC takes 8 KB of those in all.
MESSAGE_CHARS_MAX = 2000

# First match wins, so a class stands above its base.
STATUS: tuple[tuple[type[FacenetError], grpc.StatusCode], ...] = (
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


async def errors_to_statuses(method: str, inner: Serve, request: Any, context: Context) -> Any:
    """Ends a failed call with the status of its error; a bug as INTERNAL, its trace in the log."""
    try:
        return await inner(request, context)
    except FacenetError as error:
        message = str(error)[:MESSAGE_CHARS_MAX]
        await context.abort(status_of(error), message, ((REASON_KEY, error.reason),))
    except Exception:
        log.exception("bug in %s", method)
        await context.abort(grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
