"""Counts calls and their times."""

import asyncio
import time
from typing import Any

from facenet_res.server.context import Context
from facenet_res.server.interceptors.logging import code_of
from facenet_res.server.interceptors.unary import Serve
from facenet_res.server.metrics import Metrics


class CountRequests:
    """Tells the metrics of every call when it begins and when it has ended."""

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
            code = "CANCELLED" if cancelled else code_of(context)
            self._metrics.request_ended(method, code, time.perf_counter() - began_s)
