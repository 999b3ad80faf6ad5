"""The counters, checked by adding up."""

from facenet_res.inference.stats import BatcherStats
from facenet_res.server.metrics import Metrics


def test_counts_requests_by_method_and_status() -> None:
    metrics = Metrics()
    for code in ("OK", "OK", "NOT_FOUND"):
        metrics.request_began()
        metrics.request_ended("S/M", code, 0.004)
    metrics.request_began()
    text = metrics.render()
    assert 'facenet_requests_total{method="S/M",code="OK"} 2\n' in text
    assert 'facenet_requests_total{method="S/M",code="NOT_FOUND"} 1\n' in text
    assert "facenet_requests_in_flight 1\n" in text
    assert 'facenet_request_seconds_count{method="S/M"} 3\n' in text
    assert 'facenet_request_seconds_sum{method="S/M"} 0.012000\n' in text


def test_buckets_add_up_and_a_bound_belongs_to_its_bucket() -> None:
    metrics = Metrics()
    for faces in (1, 2, 2, 3, 500):
        metrics.batch_done(faces, 0.01)
    lines = metrics.render().splitlines()
    buckets = [line for line in lines if line.startswith("facenet_batch_faces_bucket")]
    assert buckets[0] == 'facenet_batch_faces_bucket{le="1"} 1'
    assert buckets[1] == 'facenet_batch_faces_bucket{le="2"} 3'
    assert buckets[2] == 'facenet_batch_faces_bucket{le="4"} 4'
    assert buckets[-1] == 'facenet_batch_faces_bucket{le="+Inf"} 5'
    assert "facenet_batch_faces_sum 508.000000" in lines
    assert "facenet_batch_faces_count 5" in lines


def test_nothing_counted_is_still_valid_text() -> None:
    lines = Metrics().render().splitlines()
    assert "facenet_requests_in_flight 0" in lines
    assert all(line.startswith("#") or len(line.rsplit(" ", 1)) == 2 for line in lines)


def test_the_summary_is_one_line_without_buckets() -> None:
    metrics = Metrics()
    metrics.batch_done(3, 0.5)
    summary = metrics.summary()
    assert "facenet_batch_faces_sum 3.000000, facenet_batch_faces_count 1" in summary
    assert "bucket" not in summary
    assert "\n" not in summary


def test_tells_how_long_faces_waited_and_what_became_of_the_others() -> None:
    metrics = Metrics()
    metrics.watch_batcher(lambda: BatcherStats(refused=2, late=3, faces_waiting=7))
    metrics.faces_waited([0.002, 0.2])
    lines = metrics.render().splitlines()
    assert 'facenet_queue_seconds_bucket{le="0.0025"} 1' in lines
    assert "facenet_queue_seconds_count 2" in lines
    assert "facenet_queue_seconds_sum 0.202000" in lines
    assert "facenet_embed_refused_total 2" in lines
    assert "facenet_embed_late_total 3" in lines
    assert "facenet_faces_waiting 7" in lines
