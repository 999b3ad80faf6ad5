"""A rate means a threshold of the model's calibration."""

from dataclasses import replace

import pytest

from facenet_res.core.artifact import read_manifest
from facenet_res.core.decision import operating_point, threshold_at
from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.model_names import model_folder


def test_an_fmr_above_the_calibrated_range_takes_its_end() -> None:
    manifest = read_manifest(model_folder("default"))
    largest = max(each.fmr for each in manifest.thresholds)
    strictest = min(each.fmr for each in manifest.thresholds)

    assert threshold_at(manifest, 0.5) == operating_point(manifest, fmr=largest).threshold
    assert threshold_at(manifest, strictest) == operating_point(manifest, fmr=strictest).threshold
    with pytest.raises(ArgumentInvalid):
        threshold_at(manifest, strictest / 1e6)
    with pytest.raises(ArgumentInvalid):
        threshold_at(replace(manifest, thresholds=()), 1e-3)
