"""What one photo, one candidate and one query cost in deduplication.

Sketch first. Fingerprint: decoding a megapixel takes some 8 ms, corners of two views 3 ms, the
SHA-256 of 3 MB of pixels 2 ms. Candidates: 8 sorts of 500 codes an image, 4,000 log2(N) steps:
about 1 ms an image. Comparison: 250 x 250 codes are matched in 0.3 ms, which ends most false
candidates; a copy costs 15 steps of ECC at 256 px and two fits of the tone: 10 to 20 ms.
"""

from collections.abc import Callable

import numpy as np
import pytest

from facenet_res.dedup.candidates import Corners, meeting_pairs
from facenet_res.dedup.difference import judged
from facenet_res.dedup.features import features_of, similarity_between
from facenet_res.dedup.fingerprint import fingerprint_of, grey_of, view_of
from facenet_res.dedup.register import registered
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from tests.benchmarks import bench
from tests.unit.dedup.pictures import picture, scaled

Record = Callable[[str, object], None]


@pytest.mark.bench
def test_fingerprint_of_a_megapixel(record_property: Record) -> None:
    data = encode_jpeg(picture(0, 1000, 1000), 90)
    ms = bench.best_ms(
        lambda: fingerprint_of(decode_image(data)), repeats=bench.size(smoke=1, full=30)
    )
    record_property("ms_a_photo", ms)


@pytest.mark.bench
def test_comparison_of_a_copy(record_property: Record) -> None:
    views = view_of(picture(0)), view_of(scaled(picture(0), 0.9))
    features = [features_of(grey_of(view)) for view in views]

    def compared() -> object:
        start = similarity_between(features[0], features[1])
        assert start is not None
        found = registered(*views, start)
        assert found is not None
        return judged(found.source, found.target, found.seen)

    ms = bench.best_ms(compared, repeats=bench.size(smoke=1, full=30))
    record_property("ms_a_copy", ms)


@pytest.mark.bench
def test_rejection_of_another_picture(record_property: Record) -> None:
    first, second = (features_of(grey_of(view_of(picture(seed)))) for seed in (0, 1))
    ms = bench.best_ms(
        lambda: similarity_between(first, second), repeats=bench.size(smoke=1, full=100)
    )
    record_property("ms_a_candidate", ms)


@pytest.mark.bench
@pytest.mark.parametrize("images", [1000, 4000, 16_000])
def test_candidates_of_many(images: int, record_property: Record) -> None:
    """N log N: the time an image grows with the logarithm."""
    count = bench.size(smoke=100, full=images)
    codes = np.random.default_rng(0).integers(0, 256, (count * 250, 32), np.uint8)
    rows = np.repeat(np.arange(count), 250)
    ms = bench.best_ms(
        lambda: meeting_pairs(Corners(codes, rows), Corners(codes[:, ::-1].copy(), rows), count),
        repeats=1,
    )
    record_property("ms_an_image", ms / count)
