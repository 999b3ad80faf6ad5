"""The composition root: the only file that builds the parts of the server and joins them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import numpy as np
from grpc_health.v1 import health as health_checks
from grpc_reflection.v1alpha import reflection

from facenet_res.core.errors import FileMissing
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.inference.batcher import Batcher
from facenet_res.inference.config import BatcherConfig
from facenet_res.recognizer.gallery import Gallery
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.server.address import probe
from facenet_res.server.async_recognizer import AsyncRecognizer
from facenet_res.server.config import ServerConfig
from facenet_res.server.health import Health
from facenet_res.server.interceptors.errors import errors_to_statuses
from facenet_res.server.interceptors.limits import RequestLimits
from facenet_res.server.interceptors.observing import ObserveRequests
from facenet_res.server.interceptors.unary import UnaryInterceptor
from facenet_res.server.listening import bind
from facenet_res.server.metrics import Metrics, ObservedEmbedder
from facenet_res.server.pool import WorkerPool
from facenet_res.server.servicers.embedding import EmbeddingServicer
from facenet_res.server.servicers.gallery import GalleryServicer
from facenet_res.server.servicers.info import InfoServicer
from facenet_res.v1 import embedding_service_pb2 as embedding_pb
from facenet_res.v1 import embedding_service_pb2_grpc as embedding_rpc
from facenet_res.v1 import gallery_service_pb2 as gallery_pb
from facenet_res.v1 import gallery_service_pb2_grpc as gallery_rpc
from facenet_res.v1 import info_service_pb2 as info_pb
from facenet_res.v1 import info_service_pb2_grpc as info_rpc

# Writes go one after another; searches may pass them.
DISK_THREADS = 4
WARM_UP_SIDE_PX = 320

SERVICES = tuple(
    file.services_by_name[name].full_name
    for file, name in (
        (embedding_pb.DESCRIPTOR, "EmbeddingService"),
        (gallery_pb.DESCRIPTOR, "GalleryService"),
        (info_pb.DESCRIPTOR, "InfoService"),
    )
)


@dataclass(frozen=True, slots=True)
class App:
    """The joined parts that the lifecycle needs.

    Attributes:
        server: bound to its port, with all services, not started.
        address: where it will listen, with the port that was picked.
        health: says NOT_SERVING for now.
        metrics: what is counted.
        requests: those under way.
        gallery: open, with its recognizer.
    """

    server: grpc.aio.Server
    address: str
    health: Health
    metrics: Metrics
    requests: RequestLimits
    gallery: Gallery


@asynccontextmanager
async def open_app(
    config: ServerConfig, recognizer: FaceRecognizer | None = None
) -> AsyncIterator[App]:
    """Builds everything, cheapest checks first, and closes it in reverse order.

    Args:
        config: the settings.
        recognizer: closed with the rest; None opens the one that the settings describe.

    Raises:
        FileMissing, ArtifactInvalid, EngineUnavailable: the model or the detector.
        FileMissing, GalleryInvalid, GalleryLocked, ModelMismatch: the gallery.
        PortInUse: another process listens at the address.
        ConfigInvalid: settings that do not fit together.
    """
    async with AsyncExitStack() as stack:
        probe(config.address)
        recognizer = stack.enter_context(recognizer or FaceRecognizer(config=config.recognizer()))
        gallery = stack.enter_context(open_gallery(config, recognizer))
        disk = stack.enter_context(WorkerPool("disk", DISK_THREADS))

        await asyncio.to_thread(_warm_up, recognizer)
        metrics = Metrics()
        stack.enter_context(metrics.served(config.metrics_address))
        observed = ObservedEmbedder(recognizer.embedder, metrics)
        batcher = Batcher(
            observed,
            _batcher_config(config),
            on_waits=metrics.faces_waited,
        )
        await stack.enter_async_context(batcher)
        metrics.watch_batcher(lambda: batcher.stats)
        workers = stack.enter_context(WorkerPool("face", config.worker_count))
        faces = AsyncRecognizer(recognizer, batcher, workers)

        # Last, so that nobody connects to a server that is still loading.
        requests = RequestLimits(config.requests_max, config.deadline_s_max)
        server = _server(config, metrics, requests)
        address = bind(server, config.address)
        stack.push_async_callback(server.stop, None)
        health = Health(SERVICES)
        await health.add_to(server)
        reflection.enable_server_reflection(
            (*SERVICES, health_checks.SERVICE_NAME, reflection.SERVICE_NAME), server
        )
        # The generated functions carry no types.
        embedding_rpc.add_EmbeddingServiceServicer_to_server(  # type: ignore[no-untyped-call]
            EmbeddingServicer(faces, config.batch_images_max), server
        )
        gallery_rpc.add_GalleryServiceServicer_to_server(  # type: ignore[no-untyped-call]
            GalleryServicer(faces, gallery, GalleryLimits(), disk), server
        )
        info_rpc.add_InfoServiceServicer_to_server(  # type: ignore[no-untyped-call]
            InfoServicer(config, gallery, lambda: batcher.stats, disk), server
        )
        yield App(server, address, health, metrics, requests, gallery)


def open_gallery(config: ServerConfig, recognizer: FaceRecognizer) -> Gallery:
    """Opens the gallery, or creates it where there is none and --create was given.

    Raises:
        FileMissing: there is none, and none is to be created.
        GalleryInvalid, GalleryLocked, ModelMismatch: see `FaceRecognizer.open_gallery`.
    """
    try:
        return recognizer.open_gallery(config.gallery, create=config.create)
    except FileMissing as error:
        raise FileMissing(f"{error}; --create creates one") from error


def _server(config: ServerConfig, metrics: Metrics, requests: RequestLimits) -> grpc.aio.Server:
    arounds = (ObserveRequests(metrics), errors_to_statuses, requests)
    return grpc.aio.server(
        interceptors=[UnaryInterceptor(arounds)],
        options=(
            # Without this a second server would take the port as well, without a word.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", config.request_bytes_max),
            ("grpc.max_send_message_length", -1),
        ),
        # Refuses before the message is read. Ours, which knows the reason, comes first for all
        # but a flood; the rest is for health checks.
        maximum_concurrent_rpcs=2 * config.requests_max + 64,
    )


def _batcher_config(config: ServerConfig) -> BatcherConfig:
    return BatcherConfig(batch_max=config.batch_max, queue_max=config.queue_max)


def _warm_up(recognizer: FaceRecognizer) -> None:
    """Has the first request find everything compiled and allocated."""
    recognizer.detect(np.full((WARM_UP_SIDE_PX, WARM_UP_SIDE_PX, 3), 127, np.uint8))
    recognizer.embed_aligned(np.full((1, FACE_SIDE_PX, FACE_SIDE_PX, 3), 127, np.uint8))
