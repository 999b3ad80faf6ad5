"""What one photo, one candidate and one query cost in deduplication.

Sketch first. Fingerprint: decoding a megapixel takes some 8 ms, the rest is two 32 x 32 cosine
transforms, so decoding is nearly all of it. Candidates: 16 queries of 64 numbers; exact search of
N rows is 16 * 64 * N multiplications a photo, 20 million at N = 20,000: 2 ms at 10 GMAC/s, and with
inverted lists a fixed share of sqrt(N) beyond. Comparison: 30 steps of ECC at 96 and at 256 px,
each some 65k * 50 operations: about 10 to 20 ms, paid for real copies only.
"""

from collections.abc import Callable

import numpy as np
import pytest

from facenet_res.dedup.align import align, lay_over
from facenet_res.dedup.candidates import find_candidates
from facenet_res.dedup.fingerprint import descriptors_of, grey_of, thumbnail_of
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from tests.benchmarks import bench
from tests.unit.dedup.pictures import picture, scaled

Record = Callable[[str, object], None]


@pytest.mark.bench
def test_fingerprint_of_a_megapixel(record_property: Record) -> None:
    data = encode_jpeg(picture(0, 1000, 1000), 90)
    ms = bench.best_ms(
        lambda: descriptors_of(grey_of(decode_image(data))), repeats=bench.size(smoke=1, full=30)
    )
    record_property("ms_a_photo", ms)


@pytest.mark.bench
def test_comparison_of_a_copy(record_property: Record) -> None:
    first, second = grey_of(picture(0)), grey_of(scaled(picture(0), 0.9))
    a, b = resize(first, 256, 256), resize(second, 256, 256)
    start = lay_over(thumbnail_of(first), thumbnail_of(second))
    assert start is not None
    ms = bench.best_ms(lambda: align(a, b, start, 256), repeats=bench.size(smoke=1, full=30))
    record_property("ms_a_copy", ms)


@pytest.mark.bench
def test_rejection_of_another_picture(record_property: Record) -> None:
    first, second = thumbnail_of(grey_of(picture(0))), thumbnail_of(grey_of(picture(1)))
    ms = bench.best_ms(lambda: lay_over(first, second), repeats=bench.size(smoke=1, full=100))
    record_property("ms_a_candidate", ms)


@pytest.mark.bench
def test_candidates_of_many(record_property: Record) -> None:
    count = bench.size(smoke=500, full=100_000)
    rows = np.random.default_rng(0).normal(size=(count, 2, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    ms = bench.best_ms(lambda: find_candidates(rows), repeats=1)
    record_property("ms_a_photo", ms / count)
