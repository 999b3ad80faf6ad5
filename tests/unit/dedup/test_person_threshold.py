"""The threshold rises with the number of faces, unless a rate was named."""

import pytest

from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.person_threshold import person_threshold

CALIBRATION = ((1e-2, 0.3), (1e-3, 0.4), (1e-4, 0.5))
CONFIG = DedupConfig(similarity_min=0.4, fmr=1e-3, calibration=CALIBRATION)


@pytest.mark.parametrize(
    ("faces", "threshold", "fmr"),
    [
        (0, 0.4, 1e-3),
        (900, 0.40103, 1 / 1024),
        (1025, 0.43113, 1 / 2048),
        (2048, 0.43113, 1 / 2048),
        (8000, 0.49134, 1 / 8192),
        (60_000, 0.58165, 1 / 65_536),
    ],
)
def test_it_is_linear_in_the_logarithm_of_the_rate(
    faces: int, threshold: float, fmr: float
) -> None:
    assert person_threshold(CONFIG, faces) == pytest.approx((threshold, fmr), abs=1e-5)


def test_a_named_rate_or_threshold_stands() -> None:
    named = DedupConfig(similarity_min=0.45, fmr=3e-4)
    assert person_threshold(named, 10**6) == (0.45, 3e-4)
    by_hand = DedupConfig(similarity_min=0.45, calibration=CALIBRATION)
    assert person_threshold(by_hand, 10**6) == (0.45, 0.0)
