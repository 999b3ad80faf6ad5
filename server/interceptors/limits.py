"""How many requests are served at once, and how long one may take."""

import asyncio
from collections import Counter

from facenet_res.core.errors import DeadlineExceeded, QueueFull, ShuttingDown
from facenet_res.server.context import Call
from facenet_res.server.interceptors.unary import Serve
from facenet_res.server.shares import why_beyond_share


class RequestLimits:
    """Refuses at once what would only wait, and ends what takes too long.

    A call counts from the opening of its stream, whether its message has arrived or not.
    """

    def __init__(self, requests_max: int) -> None:
        self._requests_max = requests_max
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

    async def __call__(self, inner: Serve, call: Call) -> bytes:
        """Serves the request within the limits.

        Raises:
            QueueFull: as many requests as are allowed are being served, or so many of this caller
                or connection that others would find no place.
            DeadlineExceeded: it took longer than the server's limit or the caller's deadline.
            ShuttingDown: it was under way when the server stopped, and the grace is over.
        """
        why_not = why_beyond_share(
            "requests", call, self._in_flight_of, 1, self._requests_max, self._in_flight
        )
        if why_not:
            raise QueueFull(why_not)
        self._count(call, 1)
        try:
            async with asyncio.timeout(call.remaining_s()) as scope:
                self._scopes.add(scope)
                return await inner(call)
        except TimeoutError as error:
            if not scope.expired():
                raise
            if self._is_stopping:
                message = f"the server is stopping; {call.method} had not ended"
                raise ShuttingDown(message) from error
            raise DeadlineExceeded(
                f"{call.method} took longer than the caller's deadline, or the server's limit"
            ) from error
        finally:
            self._scopes.discard(scope)
            self._count(call, -1)

    def _count(self, call: Call, more: int) -> None:
        self._in_flight += more
        for key in (call.caller, call.connection):
            self._in_flight_of[key] += more
            if not self._in_flight_of[key]:
                del self._in_flight_of[key]
