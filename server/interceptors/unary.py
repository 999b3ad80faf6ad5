"""Puts functions around every call of our own services, and parses their requests inside.

All our calls are unary. Health and reflection pass untouched: they must answer when the server is
full, and nobody wants them in the log.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.server.context import Context

Serve = Callable[[Any, Context], Awaitable[Any]]
Around = Callable[[str, Serve, Any, Context], Awaitable[Any]]
"""(method as "Service/Method", what it is put around, request, context) -> response."""

OUR_PREFIX = "/facenet_res.v1."


class UnaryInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in stubs only
    """Calls each of `arounds`, the first one outermost, in place of each of our methods."""

    def __init__(self, arounds: Sequence[Around]) -> None:
        self._arounds = tuple(arounds)
        # gRPC asks for the handler of every call anew; it is the same.
        self._handlers: dict[str, Any] = {}

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The hook of gRPC: the handler of a call that is about to be served."""
        path: str = handler_call_details.method
        if path in self._handlers:
            return self._handlers[path]
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or not path.startswith(OUR_PREFIX):
            return handler
        serve: Serve = partial(_parsed, path, handler)
        for around in reversed(self._arounds):
            serve = partial(around, path.removeprefix(OUR_PREFIX), serve)
        # Without a deserializer the request arrives as bytes, and is parsed where an error can
        # still become a status: gRPC answers bytes that are no message with INTERNAL, and fills
        # the log with a trace, for a caller's fault and as often as the caller likes.
        wrapped = grpc.unary_unary_rpc_method_handler(
            _coroutine(serve), response_serializer=handler.response_serializer
        )
        self._handlers[path] = wrapped
        return wrapped


def _coroutine(serve: Serve) -> Serve:
    async def served(request: Any, context: Context) -> Any:
        # gRPC awaits what is defined by `async def` only.
        return await serve(request, context)

    return served


async def _parsed(path: str, handler: Any, data: bytes, context: Context) -> Any:
    try:
        request = handler.request_deserializer(data)
    except DecodeError as error:
        raise ArgumentInvalid(
            f"the request's {len(data)} bytes are no message of {path}: {error}"
        ) from error
    return await handler.unary_unary(request, context)
