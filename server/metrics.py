"""The numbers that the server counts, by name, in one place; Prometheus scrapes them.

facenet_requests_total{method,code}     requests ended, by status
facenet_request_seconds{method}         time of a request, from its arrival to its answer
facenet_requests_in_flight              requests being served now
facenet_batch_faces                     faces of one engine call
facenet_batch_seconds                   time of one engine call
facenet_queue_seconds                   time of a face from its arrival in the queue to its call
facenet_faces_waiting                   faces in the queue now
facenet_embed_refused_total             requests that found the queue full
facenet_embed_late_total                requests whose deadline passed before their embeddings
facenet_embed_cancelled_total           requests whose caller went away while they waited
facenet_failed_batches_total            engine calls that failed, with all requests in them
facenet_failed_faces_total              faces for which the network returned no embedding
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ConfigInvalid, PortInUse
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.stats import BatcherStats
from facenet_res.server.address import probe, split_address
from facenet_res.server.logs import FIELDS

SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FACES_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128)

log = logging.getLogger(__name__)


class Metrics:
    """All numbers of one server. Safe to use from several threads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "facenet_requests",
            "Requests ended, by status.",
            ("method", "code"),
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "facenet_requests_in_flight", "Requests being served now.", registry=self._registry
        )
        self._request_s = Histogram(
            "facenet_request_seconds",
            "Time of a request.",
            ("method",),
            buckets=SECONDS_BOUNDS,
            registry=self._registry,
        )
        self._batch_faces = self._histogram(
            "batch_faces", "Faces of one engine call.", FACES_BOUNDS
        )
        self._batch_s = self._histogram("batch_seconds", "Time of a call.", SECONDS_BOUNDS)
        self._queue_s = self._histogram(
            "queue_seconds", "Time of a face in the queue.", SECONDS_BOUNDS
        )

    def watch_batcher(self, stats: Callable[[], BatcherStats]) -> None:
        """Where the batcher's counts are read whenever the numbers are collected; called once."""
        waiting = Gauge("facenet_faces_waiting", "Faces in the queue now.", registry=self._registry)
        waiting.set_function(lambda: stats().faces_waiting)
        self._registry.register(_BatcherCounts(stats))

    def request_began(self) -> None:
        """A request has arrived."""
        self._in_flight.inc()

    def request_ended(self, method: str, code: str, seconds: float) -> None:
        """A request has its answer; method as "Service/Method", code as "OK"."""
        self._in_flight.dec()
        self._requests.labels(method, code).inc()
        self._request_s.labels(method).observe(seconds)

    def batch_done(self, faces: int, seconds: float) -> None:
        """The engine has embedded a batch."""
        self._batch_faces.observe(faces)
        self._batch_s.observe(seconds)

    def faces_waited(self, seconds: Sequence[float]) -> None:
        """Faces have left the queue for the engine, each after its time."""
        for one in seconds:
            self._queue_s.observe(one)

    def render(self) -> str:
        """All numbers in Prometheus' text format."""
        return generate_latest(self._registry).decode()

    def summary(self) -> str:
        """The same on one line for the log, without buckets and times of creation."""
        return ", ".join(
            f"{sample.name}{_braced(sample.labels)} {sample.value:g}"
            for metric in self._registry.collect()
            for sample in metric.samples
            if not sample.name.endswith(("_bucket", "_created"))
        )

    @contextmanager
    def served(self, address: str) -> Iterator[None]:
        """Serves `/metrics` over HTTP at host:port; "" serves nothing.

        Raises:
            PortInUse, ConfigInvalid: the address cannot be had.
        """
        if not address:
            yield
            return
        probe(address)
        host, port = split_address(address)
        try:
            server, thread = start_http_server(port, host, registry=self._registry)
        except OSError as error:
            raise PortInUse(f"cannot serve metrics at {address}: {error.strerror}") from error
        except ValueError as error:
            raise ConfigInvalid(f"cannot serve metrics at {address}: {error}") from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _histogram(self, name: str, words: str, bounds: Sequence[float]) -> Histogram:
        return Histogram(f"facenet_{name}", words, buckets=bounds, registry=self._registry)


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


class _BatcherCounts(Collector):
    """Counts that the batcher keeps itself, read when they are collected."""

    def __init__(self, stats: Callable[[], BatcherStats]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """The counts as they are now."""
        stats = self._stats()
        for name, words, count in (
            ("embed_refused", "Requests that found the queue full.", stats.refused),
            ("embed_late", "Requests whose deadline passed in the queue.", stats.late),
            ("embed_cancelled", "Requests whose caller went away.", stats.cancelled),
            ("failed_batches", "Engine calls that failed.", stats.failed_batches),
            ("failed_faces", "Faces without an embedding.", stats.failed_faces),
        ):
            yield CounterMetricFamily(f"facenet_{name}", words, value=count)


def _braced(labels: dict[str, str]) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""
