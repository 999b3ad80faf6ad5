"""Requests are parsed here, where an error can still become a status.

gRPC parses them before any interceptor runs, answers bytes that are no message with INTERNAL, and
fills the log with a trace: for a caller's fault, as often as the caller likes.
"""

from typing import Any

import grpc
from google.protobuf.message import DecodeError

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.server.context import Context
from facenet_res.server.interceptors.unary import OUR_PREFIX


class ParseRequests(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in stubs only
    """Hands bytes to the interceptors and the message to the method; stands last of them."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The hook of gRPC: the handler of a call that is about to be served."""
        handler = await continuation(handler_call_details)
        path: str = handler_call_details.method
        if handler is None or handler.unary_unary is None or not path.startswith(OUR_PREFIX):
            return handler

        async def serve(data: bytes, context: Context) -> Any:
            try:
                request = handler.request_deserializer(data)
            except DecodeError as error:
                raise ArgumentInvalid(
                    f"the request's {len(data)} bytes are no message of {path}: {error}"
                ) from error
            return await handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            serve, response_serializer=handler.response_serializer
        )
