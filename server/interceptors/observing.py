"""One log line and one count for each call: method, status, reason, time. Never what was in it."""

import asyncio
import logging
import time
from typing import Any

import grpc

from facenet_res.server.context import Context
from facenet_res.server.interceptors.errors import REASON_KEY
from facenet_res.server.interceptors.unary import Serve
from facenet_res.server.logs import FIELDS
from facenet_res.server.metrics import Metrics

log = logging.getLogger(__name__)


class ObserveRequests:
    """Counts a call when it begins, and logs and counts it when it has ended, however it did."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, method: str, inner: Serve, request: Any, context: Context) -> Any:
        """Serves the request unchanged."""
        self._metrics.request_began()
        began_s = time.perf_counter()
        cancelled = False
        try:
            return await inner(request, context)
        except asyncio.CancelledError:
            cancelled = True
            raise
        finally:
            seconds = time.perf_counter() - began_s
            code = "CANCELLED" if cancelled else _code_of(context)
            self._metrics.request_ended(method, code, seconds)
            ms, reason = round(1e3 * seconds, 1), _reason(context)
            words = f"{code} {reason}" if reason else code
            fields = {"method": method, "code": code, "reason": reason, "ms": ms}
            log.info("%s %s in %.1f ms", method, words, ms, extra={FIELDS: fields})


def _code_of(context: Context) -> str:
    """The name of the status that the call ends with, seen from outside the error interceptor."""
    # gRPC gives 0, None or the enum, depending on whether anybody has set a status.
    code = context.code()
    return code.name if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK.name


def _reason(context: Context) -> str:
    trailing = context.trailing_metadata() or ()
    return next((str(value) for key, value in trailing if key == REASON_KEY), "")
