"""How many requests are served at once, and how long one may take."""

import asyncio
from typing import Any

from facenet_res.core.errors import DeadlineExceeded, QueueFull
from server.context import Context
from server.interceptors.unary import Serve


class RequestLimits:
    """Refuses at once what would only wait, and ends what takes too long."""

    def __init__(self, requests_max: int, deadline_s_max: float) -> None:
        self._requests_max = requests_max
        self._deadline_s_max = deadline_s_max
        self._in_flight = 0

    async def __call__(self, method: str, inner: Serve, request: Any, context: Context) -> Any:
        """Serves the request within the limits.

        Raises:
            QueueFull: as many requests as are allowed are being served.
            DeadlineExceeded: it took longer than the server's limit; the caller's own deadline,
                where it is shorter, is kept by gRPC, which cancels the call.
        """
        if self._in_flight >= self._requests_max:
            raise QueueFull(
                f"{self._in_flight} requests are being served, limit is {self._requests_max}"
            )
        self._in_flight += 1
        try:
            async with asyncio.timeout(self._deadline_s_max) as scope:
                return await inner(request, context)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise DeadlineExceeded(
                f"{method} took longer than the server's limit of {self._deadline_s_max:g} s"
            ) from error
        finally:
            self._in_flight -= 1
