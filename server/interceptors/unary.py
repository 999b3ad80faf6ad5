"""Puts a function around every call of our own services.

All our calls are unary. Health and reflection pass untouched: they must
answer when the server is full, and nobody wants them in the log.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from facenet_res.server.context import Context

Serve = Callable[[Any, Context], Awaitable[Any]]
Around = Callable[[str, Serve, Any, Context], Awaitable[Any]]
"""(method as "Service/Method", what it is put around, request, context) -> response."""

OUR_PREFIX = "/facenet_res.v1."


class UnaryInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in stubs only
    """Calls `around` in place of each of our methods."""

    def __init__(self, around: Around) -> None:
        self._around = around
        # gRPC asks for the handler of every call anew, through all interceptors; it is the same.
        self._handlers: dict[str, Any] = {}

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The hook of gRPC: the handler of a call that is about to be served."""
        path: str = handler_call_details.method
        if path in self._handlers:
            return self._handlers[path]
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or not path.startswith(OUR_PREFIX):
            return handler
        method = path.removeprefix(OUR_PREFIX)

        async def serve(request: Any, context: Context) -> Any:
            return await self._around(method, handler.unary_unary, request, context)

        wrapped = grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        self._handlers[path] = wrapped
        return wrapped
