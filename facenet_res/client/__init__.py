"""The Python SDK for the gRPC service: light, typed, explicit about deadlines and retries."""

from facenet_res.client.aio import AsyncFacenetClient, AsyncRemoteGallery
from facenet_res.client.channel import Endpoint, Tls
from facenet_res.client.client import FacenetClient, connect
from facenet_res.client.gallery import RemoteGallery
from facenet_res.client.results import (
    BatcherCounts,
    DeletionReceipt,
    EnrolledFace,
    Person,
    ServerInfo,
    ServerLimits,
)
from facenet_res.client.retry import RetryPolicy

__all__ = [
    "AsyncFacenetClient",
    "AsyncRemoteGallery",
    "BatcherCounts",
    "DeletionReceipt",
    "Endpoint",
    "EnrolledFace",
    "FacenetClient",
    "Person",
    "RemoteGallery",
    "RetryPolicy",
    "ServerInfo",
    "ServerLimits",
    "Tls",
    "connect",
]
