"""An embedder that tells of each batch: how many faces, how long."""

import logging
import time

from facenet_res.core.embedder import Embedder
from facenet_res.core.types import Embeddings, Faces
from facenet_res.server.logs import FIELDS
from facenet_res.server.metrics import Metrics

log = logging.getLogger(__name__)


class ObservedEmbedder:
    """Passes every call on, and logs and counts it."""

    def __init__(self, embedder: Embedder, metrics: Metrics) -> None:
        self._embedder = embedder
        self._metrics = metrics

    @property
    def model_id(self) -> str:
        """Names the exact weights."""
        return self._embedder.model_id

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""
        return self._embedder.embedding_dim

    def embed(self, faces: Faces) -> Embeddings:
        """See Embedder."""
        began_s = time.perf_counter()
        embeddings = self._embedder.embed(faces)
        seconds = time.perf_counter() - began_s
        self._metrics.batch_done(len(faces), seconds)
        fields = {"batch_faces": len(faces), "ms": round(1e3 * seconds, 1)}
        log.info("batch of %d faces in %.1f ms", len(faces), 1e3 * seconds, extra={FIELDS: fields})
        return embeddings
