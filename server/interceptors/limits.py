"""How many requests are served at once, and how long one may take."""

import asyncio
from collections import Counter
from typing import Any

from facenet_res.core.errors import DeadlineExceeded, QueueFull, ShuttingDown
from facenet_res.core.turns import is_within_share
from facenet_res.server.context import Context, identity_of
from facenet_res.server.interceptors.unary import Serve


class RequestLimits:
    """Refuses at once what would only wait, and ends what takes too long."""

    def __init__(self, requests_max: int, deadline_s_max: float) -> None:
        self._requests_max = requests_max
        self._deadline_s_max = deadline_s_max
        self._in_flight = 0
        self._in_flight_of: Counter[str] = Counter()
        self._scopes: set[asyncio.Timeout] = set()
        self._is_stopping = False

    def end_all(self) -> None:
        """Ends the requests under way: their callers hear that the server is stopping."""
        self._is_stopping = True
        now_s = asyncio.get_running_loop().time()
        for scope in self._scopes:
            scope.reschedule(now_s)

    async def __call__(self, method: str, inner: Serve, request: Any, context: Context) -> Any:
        """Serves the request within the limits.

        Raises:
            QueueFull: as many requests as are allowed are being served, or so many of this caller
                that others would find no place.
            DeadlineExceeded: it took longer than the server's limit; the caller's own deadline,
                where it is shorter, is kept by gRPC, which cancels the call.
            ShuttingDown: it was under way when the server stopped, and the grace is over.
        """
        if self._in_flight >= self._requests_max:
            raise QueueFull(
                f"{self._in_flight} requests are being served, limit is {self._requests_max}"
            )
        client = identity_of(context)
        mine, free = self._in_flight_of[client], self._requests_max - self._in_flight
        if not is_within_share(mine, 1, free):
            raise QueueFull(
                f"{mine} requests of this caller are being served, limit is "
                f"{self._requests_max} for all callers, of which one leaves half to others"
            )
        self._in_flight += 1
        self._in_flight_of[client] += 1
        try:
            async with asyncio.timeout(self._deadline_s_max) as scope:
                self._scopes.add(scope)
                return await inner(request, context)
        except TimeoutError as error:
            if not scope.expired():
                raise
            if self._is_stopping:
                raise ShuttingDown(f"the server is stopping; {method} had not ended") from error
            raise DeadlineExceeded(
                f"{method} took longer than the server's limit of {self._deadline_s_max:g} s"
            ) from error
        finally:
            self._scopes.discard(scope)
            self._in_flight -= 1
            self._in_flight_of[client] -= 1
            if not self._in_flight_of[client]:
                del self._in_flight_of[client]
