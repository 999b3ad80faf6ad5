"""The composition root: the only file that builds the parts of the server and joins them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import numpy as np
from grpc_health.v1 import health as health_checks

from facenet_res.core.errors import FileMissing
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.gallery.opening import name_of
from facenet_res.inference.batcher import Batcher
from facenet_res.inference.config import BatcherConfig
from facenet_res.recognizer.gallery import Gallery
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.server.address import probe
from facenet_res.server.async_recognizer import AsyncRecognizer
from facenet_res.server.byte_budget import ByteBudget
from facenet_res.server.config import ServerConfig
from facenet_res.server.decoding.pool import DecoderPool
from facenet_res.server.grpc_tasks import create_task
from facenet_res.server.health import Health
from facenet_res.server.heap import HeapTrim
from facenet_res.server.interceptors.access import Access
from facenet_res.server.interceptors.errors import errors_to_statuses
from facenet_res.server.interceptors.limits import RequestLimits
from facenet_res.server.interceptors.observing import ObserveRequests
from facenet_res.server.interceptors.receiving import Receiver
from facenet_res.server.interceptors.unary import UnaryInterceptor
from facenet_res.server.listening import bind
from facenet_res.server.metrics import Metrics, ObservedEmbedder
from facenet_res.server.pool import WorkerPool
from facenet_res.server.reflection import add_reflection
from facenet_res.server.security.tls import open_credentials
from facenet_res.server.security.tokens import TokenChecker
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
PENDING_MAX = 1_000_000
KEEPALIVE_MS = 60_000
STREAMS_MIN = 1024

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
        decoders: the processes that decode images.
        gallery: open, with its recognizer.
    """

    server: grpc.aio.Server
    address: str
    health: Health
    metrics: Metrics
    requests: RequestLimits
    decoders: DecoderPool
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
    asyncio.get_running_loop().set_task_factory(create_task)  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        config.check_together()
        probe(config.address)
        # Its processes start while the model is loaded.
        decoders = stack.enter_context(DecoderPool(config.worker_count, config.decode_limits()))
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
        # Ended before the threads are waited for.
        stack.callback(decoders.end)
        faces = AsyncRecognizer(recognizer, batcher, workers, decoders)

        # Last, so that nobody connects to a server that is still loading.
        requests = RequestLimits(config.requests_max)
        server = _server(config, metrics, requests)
        address = bind(server, config.address, open_tls(config))
        stack.push_async_callback(server.stop, None)
        health = Health(SERVICES)
        await health.add_to(server)
        add_reflection(server, (*SERVICES, health_checks.SERVICE_NAME))
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
        yield App(server, address, health, metrics, requests, decoders, gallery)


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
    access = open_access(config)
    arounds = (ObserveRequests(metrics), errors_to_statuses, access, requests)
    budget = ByteBudget(config.memory_bytes_max, HeapTrim().held)
    receiver = Receiver(budget, config.request_bytes_max, config.receive_s_max)
    return grpc.aio.server(
        interceptors=[UnaryInterceptor(arounds, receiver, config.deadline_s_max)],
        options=(
            # Without this a second server would take the port as well, without a word.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", config.request_bytes_max),
            ("grpc.max_send_message_length", -1),
            # Ours come first and have a reason; gRPC cancels what waits for the event loop without
            # one, at random from 1,000 on.
            ("grpc.server.max_pending_requests", PENDING_MAX),
            ("grpc.server.max_pending_requests_hard_limit", PENDING_MAX),
            # More wait in the client.
            ("grpc.max_concurrent_streams", max(STREAMS_MIN, 4 * config.requests_max)),
            # A peer that has gone without a word.
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
            # Ends answers that nobody reads; clients connect anew without noticing.
            ("grpc.max_connection_age_ms", int(1e3 * config.connection_s_max)),
            ("grpc.max_connection_age_grace_ms", int(1e3 * config.deadline_s_max)),
        ),
    )


def open_access(config: ServerConfig) -> Access:
    """Who may call, as the settings describe it.

    Raises:
        FileMissing, ConfigInvalid: the file of API keys or of the tokens' keys.
    """
    tokens = None
    if config.jwt_audience:
        tokens = TokenChecker(config.jwks, config.jwt_audience, config.jwt_issuer)
    return Access(
        name_of(config.gallery),
        config.given(config.api_keys),
        tokens,
        has_client_certificates=config.given(config.tls_client_ca) is not None,
    )


def open_tls(config: ServerConfig) -> grpc.ServerCredentials | None:
    """TLS as the settings describe it; None for none.

    Raises:
        FileMissing, ConfigInvalid: certificate, key or CA.
    """
    if not config.is_encrypted:
        return None
    client_ca = config.given(config.tls_client_ca)
    return open_credentials(config.tls_certificate, config.tls_key, client_ca)


def _batcher_config(config: ServerConfig) -> BatcherConfig:
    return BatcherConfig(batch_max=config.batch_max, queue_max=config.queue_max)


def _warm_up(recognizer: FaceRecognizer) -> None:
    """Has the first request find everything compiled and allocated."""
    recognizer.detect(np.full((WARM_UP_SIDE_PX, WARM_UP_SIDE_PX, 3), 127, np.uint8))
    recognizer.embed_aligned(np.full((1, FACE_SIDE_PX, FACE_SIDE_PX, 3), 127, np.uint8))
