"""The numbers that the server counts, by name, in one place.

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

`Metrics.render` writes them in Prometheus' text format, `Metrics.summary` on one line of the log.

Source:
    https://prometheus.io/docs/instrumenting/exposition_formats, text format 0.0.4.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from facenet_res.inference.stats import BatcherStats

SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FACES_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


class Histogram:
    """Counts values by upper bound. Not safe on its own: `Metrics` locks."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Counts one value into the first bucket whose bound is not below it."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """Prometheus' lines: buckets are cumulative."""
        total = 0
        names = [f"{bound:g}" for bound in self._bounds] + ["+Inf"]
        for bound, count in zip(names, self._counts, strict=True):
            total += count
            separator = "," if labels else ""
            yield f'{name}_bucket{{{labels}{separator}le="{bound}"}} {total}'
        braces = f"{{{labels}}}" if labels else ""
        yield f"{name}_sum{braces} {self._sum:.6f}"
        yield f"{name}_count{braces} {total}"


class Metrics:
    """All numbers of one server. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._request_s: dict[str, Histogram] = {}
        self._in_flight = 0
        self._batch_faces = Histogram(FACES_BOUNDS)
        self._batch_s = Histogram(SECONDS_BOUNDS)
        self._queue_s = Histogram(SECONDS_BOUNDS)
        self._batcher: Callable[[], BatcherStats] = BatcherStats

    def watch_batcher(self, stats: Callable[[], BatcherStats]) -> None:
        """Where the batcher's counts are read whenever the numbers are written."""
        self._batcher = stats

    def request_began(self) -> None:
        """A request has arrived."""
        with self._lock:
            self._in_flight += 1

    def request_ended(self, method: str, code: str, seconds: float) -> None:
        """A request has its answer; method as "Service/Method", code as "OK"."""
        with self._lock:
            self._in_flight -= 1
            self._requests[method, code] += 1
            self._request_s.setdefault(method, Histogram(SECONDS_BOUNDS)).observe(seconds)

    def batch_done(self, faces: int, seconds: float) -> None:
        """The engine has embedded a batch."""
        with self._lock:
            self._batch_faces.observe(faces)
            self._batch_s.observe(seconds)

    def faces_waited(self, seconds: Sequence[float]) -> None:
        """Faces have left the queue for the engine, each after its time."""
        with self._lock:
            for one in seconds:
                self._queue_s.observe(one)

    def render(self) -> str:
        """All numbers in Prometheus' text format."""
        with self._lock:
            return "\n".join(self._lines()) + "\n"

    def summary(self) -> str:
        """The same on one line for the log, without the buckets."""
        with self._lock:
            lines = [line for line in self._lines() if "_bucket{" not in line and line[0] != "#"]
        return ", ".join(lines)

    def _lines(self) -> Iterator[str]:
        yield "# TYPE facenet_requests_total counter"
        for (method, code), count in sorted(self._requests.items()):
            yield f'facenet_requests_total{{method="{method}",code="{code}"}} {count}'
        yield "# TYPE facenet_request_seconds histogram"
        for method, histogram in sorted(self._request_s.items()):
            yield from histogram.lines("facenet_request_seconds", f'method="{method}"')
        yield "# TYPE facenet_requests_in_flight gauge"
        yield f"facenet_requests_in_flight {self._in_flight}"
        yield "# TYPE facenet_batch_faces histogram"
        yield from self._batch_faces.lines("facenet_batch_faces", "")
        yield "# TYPE facenet_batch_seconds histogram"
        yield from self._batch_s.lines("facenet_batch_seconds", "")
        yield "# TYPE facenet_queue_seconds histogram"
        yield from self._queue_s.lines("facenet_queue_seconds", "")
        stats = self._batcher()
        yield "# TYPE facenet_faces_waiting gauge"
        yield f"facenet_faces_waiting {stats.faces_waiting}"
        for name, count in (
            ("embed_refused", stats.refused),
            ("embed_late", stats.late),
            ("embed_cancelled", stats.cancelled),
            ("failed_batches", stats.failed_batches),
            ("failed_faces", stats.failed_faces),
        ):
            yield f"# TYPE facenet_{name}_total counter"
            yield f"facenet_{name}_total {count}"
