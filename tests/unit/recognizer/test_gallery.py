"""A gallery's operating points: by FPIR, by FMR, and beyond what the model is calibrated for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, ModelMismatch
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder

NAN = np.full(64, np.nan, np.float32)
MANIFEST = Manifest(
    model_id="fake-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.8, 0.79, 0.81), Threshold(1e-4, 0.9, 0.89, 0.91)),
)


def test_a_small_gallery_divides_the_fpir_among_its_people(tmp_path: Path) -> None:
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST)
    with recognizer.open_gallery(tmp_path / "staff", create=True) as gallery:
        assert gallery.operating_point().fpir == 0.01
        assert gallery.operating_point(fpir=1e-4).threshold == 0.9
        # An FMR above the calibrated range takes the strictest threshold that is still known.
        assert gallery.operating_point(fpir=0.5).threshold == 0.8
        assert gallery.operating_point(fmr=1e-3).threshold == pytest.approx(0.85)
        with pytest.raises(ArgumentInvalid, match="outside the range"):
            gallery.operating_point(fpir=1e-6)


def test_the_same_array_or_face_again_changes_nothing(tmp_path: Path) -> None:
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST)
    image = np.random.default_rng(0).integers(0, 256, (240, 240, 3), np.uint8)
    with recognizer.open_gallery(tmp_path / "staff", create=True) as gallery:
        for _ in range(2):
            gallery.enroll("ada", image)
            gallery.enroll("ada", recognizer.embed_one(image))
        assert gallery.counts().faces == 1
        with pytest.raises(ArgumentInvalid, match="images is empty"):
            gallery.enroll("bob", [])
        with pytest.raises(ArgumentInvalid, match="person_id"):
            gallery.enroll("", image)


def test_a_face_of_another_model_is_refused(tmp_path: Path) -> None:
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST)
    other = FaceRecognizer.of(FakeDetector(), FakeEmbedder("other-1"))
    image = np.full((240, 240, 3), 90, np.uint8)
    face = other.embed_one(image)
    with pytest.raises(ModelMismatch, match="other-1"):
        recognizer.verify(face, image)
    with (
        recognizer.open_gallery(tmp_path / "staff", create=True) as gallery,
        pytest.raises(ModelMismatch, match="other-1"),
    ):
        gallery.enroll("ada", face)
    with pytest.raises(ArrayInvalid, match="not finite"):
        recognizer.verify(replace(recognizer.embed_one(image), embedding=NAN), image)
