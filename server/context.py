"""The context of a call, as our servicers and interceptors see it."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
"""Deadline, metadata and status of one call."""
