"""The counters, checked by adding up; the port, by scraping it."""

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from facenet_res.core.errors import PortInUse
from facenet_res.inference.stats import BatcherStats
from facenet_res.server.metrics import Metrics


def values(text: str) -> dict[str, float]:
    """Value by name and labels, such as `a_total{code="OK"}`, as Prometheus reads it."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_counts_requests_by_method_and_status() -> None:
    metrics = Metrics()
    for code in ("OK", "OK", "NOT_FOUND"):
        metrics.request_began()
        metrics.request_ended("S/M", code, 0.004)
    metrics.request_began()
    found = values(metrics.render())
    assert found['facenet_requests_total{code="OK",method="S/M"}'] == 2
    assert found['facenet_requests_total{code="NOT_FOUND",method="S/M"}'] == 1
    assert found["facenet_requests_in_flight"] == 1
    assert found['facenet_request_seconds_count{method="S/M"}'] == 3
    assert found['facenet_request_seconds_sum{method="S/M"}'] == pytest.approx(0.012)


def test_buckets_add_up_and_a_bound_belongs_to_its_bucket() -> None:
    metrics = Metrics()
    for faces in (1, 2, 2, 3, 500):
        metrics.batch_done(faces, 0.01)
    found = values(metrics.render())
    buckets = [found[f'facenet_batch_faces_bucket{{le="{le}"}}'] for le in ("1.0", "2.0", "4.0")]
    assert buckets == [1, 3, 4]
    assert found['facenet_batch_faces_bucket{le="+Inf"}'] == 5
    assert (found["facenet_batch_faces_sum"], found["facenet_batch_faces_count"]) == (508, 5)


def test_the_summary_is_one_line_without_buckets() -> None:
    metrics = Metrics()
    metrics.batch_done(3, 0.5)
    summary = metrics.summary()
    assert "facenet_batch_faces_count 1, facenet_batch_faces_sum 3" in summary
    assert "bucket" not in summary
    assert "\n" not in summary


def test_reports_how_long_faces_waited_and_what_became_of_the_others() -> None:
    metrics = Metrics()
    metrics.watch_batcher(lambda: BatcherStats(refused=2, late=3, faces_waiting=7))
    metrics.faces_waited([0.002, 0.2])
    found = values(metrics.render())
    assert found['facenet_queue_seconds_bucket{le="0.0025"}'] == 1
    assert found["facenet_queue_seconds_sum"] == pytest.approx(0.202)
    assert found["facenet_embed_refused_total"] == 2
    assert found["facenet_embed_late_total"] == 3
    assert found["facenet_faces_waiting"] == 7


def test_prometheus_can_scrape_them() -> None:
    metrics = Metrics()
    metrics.batch_done(3, 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with metrics.served(address):
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        with pytest.raises(PortInUse), metrics.served(address):
            pass
    assert values(text)["facenet_batch_faces_sum"] == 3
    # The port is free again.
    with metrics.served(address):
        pass


def test_no_address_serves_nothing() -> None:
    with Metrics().served(""):
        pass
