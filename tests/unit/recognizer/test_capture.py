"""Faces that are too small or blurred are not compared; unusual ones are named in the answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid, FaceQualityLow
from facenet_res.core.manifest import CaptureRange, Condition, Manifest, Threshold
from facenet_res.core.types import Image
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder

THRESHOLDS = (Threshold(1e-2, 0.8, 0.79, 0.81), Threshold(1e-4, 0.9, 0.89, 0.91))
WORST = (Threshold(1e-2, 0.85, 0.84, 0.86), Threshold(1e-4, 0.95, 0.94, 0.96))
MANIFEST = Manifest(
    model_id="fake-1",
    embedding_dim=64,
    thresholds=THRESHOLDS,
    conditions=(Condition("grey", "", 9, 9, WORST),),
    capture=CaptureRange(
        eye_distance_px=40, sharpness=5, eye_distance_px_min=20, sharpness_min=1, is_colour=True
    ),
)
NOISE = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)


def recognizer_of(**settings: Any) -> FaceRecognizer:
    config = RecognizerConfig(**settings)
    return FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST, config)


def noise(side_px: int) -> Image:
    """An image whose one face fills 80 % of it; a quarter of its side lies between the eyes."""
    return NOISE[:side_px, :side_px].copy()


def test_a_usual_face_is_compared_without_a_remark() -> None:
    answer = recognizer_of().verify(noise(240), noise(240))
    assert answer.is_match
    assert answer.outside == ()


def test_a_small_face_is_compared_with_a_remark_and_a_tiny_one_is_not() -> None:
    recognizer = recognizer_of()
    answer = recognizer.verify(noise(120), noise(240))
    assert answer.outside == ("probe: 30.7 px between the eyes, calibrated from 40 px",)
    with pytest.raises(FaceQualityLow, match=r"reference has 15\.4 px .* the least is 20: use"):
        recognizer.verify(noise(240), noise(60))


def test_a_blurred_face_is_not_compared() -> None:
    flat = np.full((240, 240, 3), 90, np.uint8)
    with pytest.raises(FaceQualityLow, match=r"probe has sharpness 0\.0, the least is 1: use"):
        recognizer_of().verify(flat, noise(240))


def test_a_grey_image_is_named_where_colour_was_calibrated() -> None:
    grey = noise(240).mean(axis=2, keepdims=True).astype(np.uint8).repeat(3, axis=2)
    answer = recognizer_of().verify(noise(240), grey)
    assert answer.outside == ("reference: a grey image, calibrated on colour",)


def test_own_limits_replace_those_of_the_model() -> None:
    assert recognizer_of(eye_distance_px_min=0).verify(noise(60), noise(60)).is_match
    with pytest.raises(FaceQualityLow, match="least is 100"):
        recognizer_of(eye_distance_px_min=100).verify(noise(240), noise(240))
    with pytest.raises(ConfigInvalid, match="sharpness_min must be in"):
        RecognizerConfig(sharpness_min=-1)


def test_an_uncalibrated_model_refuses_and_remarks_nothing() -> None:
    manifest = replace(MANIFEST, conditions=(), capture=CaptureRange())
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), manifest)
    assert recognizer.verify(noise(60), noise(60)).outside == ()


def test_the_worst_case_is_a_setting() -> None:
    assert recognizer_of().operating_point(fmr=1e-2).threshold == 0.8
    assert recognizer_of(worst_case=True).operating_point(fmr=1e-2).threshold == 0.85


def test_a_gallery_neither_enrols_nor_names_a_tiny_face(tmp_path: Path) -> None:
    recognizer = recognizer_of()
    with recognizer.open_gallery(tmp_path / "staff", create=True) as gallery:
        gallery.enroll("ada", noise(240))
        with pytest.raises(FaceQualityLow, match="px between the eyes"):
            gallery.enroll("bob", noise(60))
        with pytest.raises(FaceQualityLow, match="probe"):
            gallery.verify("ada", noise(60))
        tiny = recognizer_of(eye_distance_px_min=0).embed_one(noise(60))
        point = gallery.operating_point(threshold=-1.0)
        (named,) = gallery.identify_faces([recognizer.embed_one(noise(240))], point)
        (unknown,) = gallery.identify_faces([tiny], point)
    assert named.person_id == "ada"
    assert unknown.person_id == ""
    assert unknown.candidates[0].person_id == "ada"
    assert "15.4 px between the eyes" in unknown.outside[0]
