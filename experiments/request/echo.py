"""A gRPC server that answers every call with the same bytes at once: the wire, and nothing else.

It runs as its own process: a server in the caller's process would share the interpreter with it.
Reads the answer from stdin, prints its address, and ends when stdin is closed.
"""

import asyncio
import sys
from typing import Any

import grpc


class _Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in stubs only
    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def service(self, handler_call_details: Any) -> Any:
        async def serve(request: bytes, context: Any) -> bytes:
            return self._answer

        return grpc.unary_unary_rpc_method_handler(serve)


async def _serve(answer: bytes) -> None:
    server = grpc.aio.server(options=(("grpc.max_receive_message_length", -1),))
    server.add_generic_rpc_handlers((_Echo(answer),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"127.0.0.1:{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.buffer.read)
    await server.stop(None)


if __name__ == "__main__":
    size = int(sys.argv[1])
    asyncio.run(_serve(sys.stdin.buffer.read(size)))
