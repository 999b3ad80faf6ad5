"""What load balancers ask: may requests be sent here? Fed by the lifecycle.

Source:
    https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

import contextlib
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio  # type: ignore[attr-defined]  # absent from the stubs

OVERALL = ""
"""The name that stands for the server as a whole in the protocol."""


class Health:
    """NOT_SERVING until `ready`, and again from `stop` on."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = (OVERALL, *services)
        self._servicer = HealthServicer(self._services)

    async def add_to(self, server: grpc.aio.Server) -> None:
        """Answers health checks, with NOT_SERVING for now."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def ready(self) -> None:
        """From now on the answer is SERVING."""
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """From now on the answer is NOT_SERVING, for good."""
        await self._servicer.enter_graceful_shutdown()

    async def _set(self, status: int) -> None:
        for service in self._services:
            await self._servicer.set(service, status)


class HealthServicer(aio.HealthServicer):
    """gRPC's own, with List, and quiet when a watcher leaves."""

    def __init__(self, services: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(services)

    async def List(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the protocol
        """The status of each service."""
        return health_pb2.HealthListResponse(
            statuses={
                name: health_pb2.HealthCheckResponse(status=self._server_status[name])
                for name in self._names
            }
        )

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802
        """Sends the status whenever it changes, until the caller leaves."""
        # A write to a caller who has left is no fault: gRPC would log it with a trace.
        with contextlib.suppress(grpc.aio.BaseError, grpc.aio.UsageError):
            await super().Watch(request, context)
