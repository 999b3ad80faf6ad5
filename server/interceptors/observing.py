"""One log line and one count for each call: method, status, reason, time. Never what was in it."""

import asyncio
import logging
import time

import grpc

from facenet_res.server.context import Call, Context
from facenet_res.server.interceptors.errors import REASON_KEY
from facenet_res.server.interceptors.unary import Serve
from facenet_res.server.logs import FIELDS
from facenet_res.server.metrics import Metrics

log = logging.getLogger(__name__)


class ObserveRequests:
    """Counts a call when it begins, and logs and counts it when it has ended, however it did."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, inner: Serve, call: Call) -> bytes:
        """Serves the request unchanged."""
        self._metrics.request_began()
        began_s = time.perf_counter()
        cancelled = False
        call.context.set_trailing_metadata(call.echoed())
        try:
            return await inner(call)
        except asyncio.CancelledError:
            cancelled = True
            raise
        finally:
            seconds = time.perf_counter() - began_s
            code = "CANCELLED" if cancelled else _code_of(call.context)
            self._metrics.request_ended(call.method, code, seconds)
            ms, reason = round(1e3 * seconds, 1), _reason(call.context)
            words = f"{code} {reason}" if reason else code
            fields = {
                "method": call.method,
                "code": code,
                "reason": reason,
                "ms": ms,
                "caller": call.caller,
                "request_id": call.request_id,
            }
            if call.trace_parent:
                fields["traceparent"] = call.trace_parent
            log.info("%s %s in %.1f ms", call.method, words, ms, extra={FIELDS: fields})


def _code_of(context: Context) -> str:
    """The name of the status that the call ends with, seen from outside the error interceptor."""
    # gRPC gives 0, None or the enum, depending on whether anybody has set a status.
    code = context.code()
    return code.name if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK.name


def _reason(context: Context) -> str:
    trailing = context.trailing_metadata() or ()
    return next((str(value) for key, value in trailing if key == REASON_KEY), "")
