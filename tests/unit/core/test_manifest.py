"""Thresholds are looked up by the exact rate they were measured for."""

import pytest

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.manifest import Manifest, Threshold

MANIFEST = Manifest(
    model_id="net-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.2, 0.19, 0.21), Threshold(1e-3, 0.3, 0.28, 0.33)),
)


def test_a_listed_rate_has_its_threshold() -> None:
    assert MANIFEST.threshold_at(0.001).similarity == 0.3


def test_a_rate_between_two_is_not_made_up() -> None:
    with pytest.raises(ArgumentInvalid, match=r"rate of 0\.005; it lists \[0\.01, 0\.001\]"):
        MANIFEST.threshold_at(0.005)


def test_a_model_without_thresholds_says_so() -> None:
    with pytest.raises(ArgumentInvalid, match="it lists none"):
        Manifest(model_id="net-1", embedding_dim=64).threshold_at(0.001)
