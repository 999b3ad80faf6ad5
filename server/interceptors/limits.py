"""How many requests are served at once, and how long one may take."""

import asyncio
from collections import Counter
from typing import Any

from facenet_res.core.errors import DeadlineExceeded, QueueFull
from facenet_res.core.turns import is_within_share
from server.context import Context
from server.interceptors.unary import Serve


class RequestLimits:
    """Refuses at once what would only wait, and ends what takes too long."""

    def __init__(self, requests_max: int, deadline_s_max: float) -> None:
        self._requests_max = requests_max
        self._deadline_s_max = deadline_s_max
        self._in_flight = 0
        self._in_flight_of: Counter[str] = Counter()

    async def __call__(self, method: str, inner: Serve, request: Any, context: Context) -> Any:
        """Serves the request within the limits.

        Raises:
            QueueFull: as many requests as are allowed are being served, or so many of this client
                that others would find no place.
            DeadlineExceeded: it took longer than the server's limit; the caller's own deadline,
                where it is shorter, is kept by gRPC, which cancels the call.
        """
        if self._in_flight >= self._requests_max:
            raise QueueFull(
                f"{self._in_flight} requests are being served, limit is {self._requests_max}"
            )
        client = context.peer()
        mine, free = self._in_flight_of[client], self._requests_max - self._in_flight
        if not is_within_share(mine, 1, free):
            raise QueueFull(
                f"{mine} requests of this client are being served, limit is "
                f"{self._requests_max} for all clients, of which one leaves half to others"
            )
        self._in_flight += 1
        self._in_flight_of[client] += 1
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
            self._in_flight_of[client] -= 1
            if not self._in_flight_of[client]:
                del self._in_flight_of[client]
