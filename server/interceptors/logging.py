"""One log line for each call: method, status, reason, time. Never what was in it."""

import asyncio
import logging
import time
from typing import Any

import grpc

from facenet_res.server.context import Context
from facenet_res.server.interceptors.errors import REASON_KEY
from facenet_res.server.interceptors.unary import Serve
from facenet_res.server.logs import FIELDS

log = logging.getLogger(__name__)


async def log_requests(method: str, inner: Serve, request: Any, context: Context) -> Any:
    """Logs the call when it has ended, however it did."""
    began_s = time.perf_counter()
    cancelled = False
    try:
        return await inner(request, context)
    except asyncio.CancelledError:
        cancelled = True
        raise
    finally:
        code = "CANCELLED" if cancelled else code_of(context)
        ms = 1e3 * (time.perf_counter() - began_s)
        reason = _reason(context)
        log.info(
            "%s %s%s in %.1f ms",
            method,
            code,
            f" {reason}" if reason else "",
            ms,
            extra={FIELDS: {"method": method, "code": code, "reason": reason, "ms": round(ms, 1)}},
        )


def code_of(context: Context) -> str:
    """The name of the status that the call ends with, seen from outside the error interceptor."""
    # gRPC gives 0, None or the enum, depending on whether anybody has set a status.
    code = context.code()
    return code.name if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK.name


def _reason(context: Context) -> str:
    trailing = context.trailing_metadata() or ()
    return next((str(value) for key, value in trailing if key == REASON_KEY), "")
