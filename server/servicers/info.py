"""InfoService: what a client must know of the server."""

import time
from collections.abc import Callable

from facenet_res import __version__
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.gallery.opening import name_of
from facenet_res.inference.batcher import BatcherStats
from facenet_res.recognizer.gallery import Gallery
from facenet_res.server import convert
from facenet_res.server.config import ServerConfig
from facenet_res.server.context import Call
from facenet_res.server.pool import WorkerPool
from facenet_res.v1 import info_service_pb2 as pb
from facenet_res.v1 import info_service_pb2_grpc as rpc


class InfoServicer(rpc.InfoServiceServicer):
    """See info_service.proto. Errors become statuses in the error interceptor."""

    def __init__(
        self,
        config: ServerConfig,
        gallery: Gallery,
        stats: Callable[[], BatcherStats],
        disk: WorkerPool,
    ) -> None:
        """Takes what it reports; `disk` are the threads in which the gallery is called."""
        self._config = config
        self._gallery = gallery
        self._stats = stats
        self._disk = disk
        self._began_s = time.monotonic()

    async def GetInfo(self, request: pb.GetInfoRequest, call: Call) -> pb.GetInfoResponse:
        """Model, limits, thresholds and counts."""
        counts = await self._disk.run(self._gallery.counts)
        info = self._gallery.recognizer.info()
        return pb.GetInfoResponse(
            version=__version__,
            model=pb.ModelInfo(
                model_id=info.model_id,
                name=info.name,
                version=info.version,
                embedding_dim=info.embedding_dim,
                engine=info.engine,
                detector=info.detector,
                licence=info.licence,
            ),
            limits=_limits(self._config, GalleryLimits()),
            thresholds=map(convert.to_threshold, info.thresholds),
            fmr_default=info.fmr,
            gallery=pb.GalleryInfo(
                name=name_of(self._config.gallery), people=counts.persons, faces=counts.faces
            ),
            batcher=_batcher(self._stats()),
            uptime_s=time.monotonic() - self._began_s,
        )


def _limits(config: ServerConfig, gallery: GalleryLimits) -> pb.Limits:
    return pb.Limits(
        image_bytes_max=config.image_bytes_max,
        image_pixels_max=config.image_pixels_max,
        request_bytes_max=config.request_bytes_max,
        batch_images_max=config.batch_images_max,
        requests_max=config.requests_max,
        page_size_max=gallery.page_size_max,
        top_k_max=gallery.top_k_max,
        deadline_s_max=config.deadline_s_max,
    )


def _batcher(stats: BatcherStats) -> pb.BatcherStats:
    return pb.BatcherStats(
        batches=stats.batches,
        faces=stats.faces,
        batch_size_max=stats.batch_size_max,
        waiting=stats.faces_waiting,
        refused=stats.refused,
        late=stats.late,
        cancelled=stats.cancelled,
    )
