"""The Python SDK for the gRPC service: light, typed, and open about deadlines and retries."""

from facenet_res.client.aio import AsyncFacenetClient
from facenet_res.client.client import FacenetClient
from facenet_res.client.results import (
    BatcherCounts,
    BatchItem,
    DeletionReceipt,
    EnrolledFace,
    Person,
    ServerInfo,
    ServerLimits,
)
from facenet_res.client.retry import RetryPolicy

__all__ = [
    "AsyncFacenetClient",
    "BatchItem",
    "BatcherCounts",
    "DeletionReceipt",
    "EnrolledFace",
    "FacenetClient",
    "Person",
    "RetryPolicy",
    "ServerInfo",
    "ServerLimits",
]
