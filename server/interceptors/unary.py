"""Puts functions around every call of our own services, from the moment its stream opens.

All our calls are unary, and stay so on the wire. To gRPC they are registered as streams, since it
would otherwise wait for the message before it calls anything of ours: a caller who sends none
would count for nothing and have no deadline. Health and reflection pass untouched: they must
answer when the server is full, and nobody wants them in the log.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.server.context import Call, Context
from facenet_res.server.error_details import DETAILS_KEY, details_of
from facenet_res.server.interceptors.receiving import Receiver

Serve = Callable[[Call], Awaitable[bytes]]
"""From a call to its answer's bytes."""
Around = Callable[[Serve, Call], Awaitable[bytes]]
"""(what it is put around, call) -> answer."""

OUR_PREFIX = "/facenet_res.v1."


UNKNOWN_METHOD = "UNKNOWN_METHOD"


class UnaryInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in stubs only
    """Calls each of `arounds`, the first one outermost, in place of each of our methods."""

    def __init__(
        self, arounds: Sequence[Around], receiver: Receiver, deadline_s_max: float
    ) -> None:
        """Takes what it calls.

        Args:
            arounds: functions around each call.
            receiver: reads the message, inside of them.
            deadline_s_max: longest time of a call, from the opening of its stream.
        """
        self._arounds = tuple(arounds)
        self._receiver = receiver
        self._deadline_s_max = deadline_s_max
        # gRPC asks for the handler of every call anew; it is the same.
        self._handlers: dict[str, Any] = {}

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The hook of gRPC: the handler of a call that is about to be served."""
        path: str = handler_call_details.method
        if path in self._handlers:
            return self._handlers[path]
        handler = await continuation(handler_call_details)
        if handler is None:
            # gRPC's own refusal has no reason. Not kept: callers make up any number of names.
            return grpc.stream_stream_rpc_method_handler(_refusal(path))
        if handler.unary_unary is None or not path.startswith(OUR_PREFIX):
            return handler
        wrapped = grpc.stream_unary_rpc_method_handler(self._served(path, handler))
        self._handlers[path] = wrapped
        return wrapped

    def _served(self, path: str, handler: Any) -> Callable[[Any, Context], Awaitable[bytes]]:
        serve: Serve = partial(self._parsed, path, handler)
        for around in reversed(self._arounds):
            serve = partial(around, serve)
        method, deadline_s_max = path.removeprefix(OUR_PREFIX), self._deadline_s_max

        async def served(_: Any, context: Context) -> bytes:
            return await serve(Call.opened(method, context, deadline_s_max))

        return served

    async def _parsed(self, path: str, handler: Any, call: Call) -> bytes:
        # The message is parsed where an error can still become a status: gRPC answers bytes that
        # are no message with INTERNAL, and fills the log with a trace, as often as a caller likes.
        async with self._receiver.message(call) as data:
            count = len(data)
            try:
                request = handler.request_deserializer(data.take())
            except DecodeError as error:
                raise ArgumentInvalid(
                    f"the request's {count} bytes are no message of {path}: {error}"
                ) from error
            response = await handler.unary_unary(request, call)
        answer: bytes = handler.response_serializer(response)
        self._receiver.hold_answer(call, len(answer))
        return answer


def _refusal(path: str) -> Callable[[Any, Context], Awaitable[None]]:
    async def refuse(_: Any, context: Context) -> None:
        call = Call.opened(path, context, 1.0)
        code, message = grpc.StatusCode.UNIMPLEMENTED, f"this server has no method {path!a}"
        details = details_of(code, message, UNKNOWN_METHOD, call.request_id)
        trailing: Any = (*call.echoed(), ("error-reason", UNKNOWN_METHOD), (DETAILS_KEY, details))
        await context.abort(code, message, trailing)

    return refuse
