"""The rates that thresholds have on other people: counted, by condition, pooled and worst."""

import math
from dataclasses import replace

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.core.manifest import Condition, Manifest, Threshold
from facenet_res.evaluation.stated_rates import seen_rates
from tests.fakes import FakeEmbedder

MANIFEST = Manifest(
    model_id="fake-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, -1.0, -1.0, -1.0),),
    conditions=(Condition("grey", "", 4, 4, (Threshold(1e-2, 1.0, 1.0, 1.0),)),),
)


def silent(stage: str, done: int, total: int) -> None:
    """Hears nothing."""


def test_rates_are_counted_at_both_thresholds_in_each_condition() -> None:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    faces = coarse.repeat(14, axis=1).repeat(14, axis=2)
    people = ["a", "a", "b", "b", "c", "c"]

    found = seen_rates(FakeEmbedder(), MANIFEST, faces, people, silent)

    assert len({one.condition for one in found}) == 5
    pooled, worst = found[:2]
    assert (pooled.worst_case, worst.worst_case) == (False, True)
    # Everything matches at -1, nothing at 1.
    assert (pooled.fmr_seen, pooled.tmr_seen, pooled.impostor_pairs) == (1.0, 1.0, 12)
    assert (worst.fmr_seen, worst.tmr_seen, worst.genuine_pairs) == (0.0, 0.0, 3)
    alone = seen_rates(FakeEmbedder(), MANIFEST, faces[:2], ["a", "b"], silent)
    assert math.isnan(alone[0].tmr_seen)
    with pytest.raises(DataInvalid, match="no pair of two people"):
        seen_rates(FakeEmbedder(), replace(MANIFEST), faces, ["a"] * 6, silent)
