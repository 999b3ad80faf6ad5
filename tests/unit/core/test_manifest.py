"""Thresholds by false match rate: calibrated, interpolated, refused."""

from dataclasses import replace

import pytest

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.manifest import Condition, Manifest, Threshold

MANIFEST = Manifest(
    model_id="net-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.2, 0.19, 0.21), Threshold(1e-3, 0.3, 0.28, 0.33)),
)


def test_a_listed_rate_has_its_threshold() -> None:
    assert MANIFEST.threshold_at(0.001).similarity == 0.3


def test_a_rate_between_two_is_interpolated_in_its_logarithm() -> None:
    found = MANIFEST.threshold_at(10**-2.5)
    assert found.similarity == pytest.approx(0.25)
    assert (found.similarity_low, found.similarity_high) == pytest.approx((0.235, 0.27))


@pytest.mark.parametrize("fmr", [0.05, 1e-4, 0.0, float("nan")])
def test_a_rate_beyond_the_calibrated_ones_is_refused(fmr: float) -> None:
    with pytest.raises(ArgumentInvalid, match=r"outside the range .* 0\.001 to 0\.01"):
        MANIFEST.threshold_at(fmr)


def test_a_model_without_thresholds_says_what_to_do() -> None:
    with pytest.raises(ArgumentInvalid, match=r"not calibrated.*facenet-res calibrate"):
        Manifest(model_id="net-1", embedding_dim=64).threshold_at(0.001)


def test_the_worst_case_is_the_strictest_condition_at_each_rate() -> None:
    grey = Condition(
        "grey", "", 9, 9, (Threshold(1e-2, 0.35, 0.3, 0.4), Threshold(1e-3, 0.4, 0.38, 0.42))
    )
    # An origin with too few pairs for the lower rate, stricter than grey at the higher one.
    origin = Condition("origin", "", 9, 9, (Threshold(1e-2, 0.45, 0.4, 0.5),))
    manifest = replace(MANIFEST, conditions=(grey, origin))

    assert manifest.operating_point(fmr=1e-2).threshold == 0.2
    assert manifest.operating_point(fmr=1e-2, worst_case=True).threshold == 0.45
    assert manifest.operating_point(fmr=1e-3, worst_case=True).threshold == 0.45
    assert [one.fmr for one in manifest.worst_thresholds] == [1e-2, 1e-3]


def test_without_conditions_the_worst_case_is_the_pooled_threshold() -> None:
    assert MANIFEST.worst_thresholds == MANIFEST.thresholds
