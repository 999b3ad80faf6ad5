"""What is enrolled is looked at: each measure has its reason, and another's face is noticed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid, FaceQualityLow, SimilarToOtherPerson
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.core.types import Box, Face, FaceQuality
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.recognizer.review import NO_REVIEW, STRICT, WARN, Review, quality_findings
from tests.fakes import FakeDetector, FakeEmbedder

MANIFEST = Manifest(
    model_id="fake-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.8, 0.79, 0.81), Threshold(1e-4, 0.9, 0.89, 0.91)),
)
GOOD = Face(
    box=Box(0, 0, 100, 100),
    landmarks=np.zeros((5, 2), np.float32),
    detection_score=0.99,
    quality=FaceQuality(60.0, 2.0, 0.05, 300.0),
    crop=np.full((112, 112, 3), 128, np.uint8),
)


def test_a_good_face_has_no_finding() -> None:
    assert quality_findings(GOOD, STRICT) == []


@pytest.mark.parametrize(
    ("face", "said"),
    [
        (replace(GOOD, quality=FaceQuality(20.0, 0, 0, 300)), "FACE_SMALL: 20 px, limit 35"),
        (
            replace(GOOD, quality=FaceQuality(60, 0, 0, 3.5)),
            "FACE_BLURRED: 3.5 squared levels, limit 20",
        ),
        (
            replace(GOOD, quality=FaceQuality(60, -40.0, 0, 300)),
            "FACE_ROLLED: 40 degrees, limit 30",
        ),
        (
            replace(GOOD, quality=FaceQuality(60, 0, -0.5, 300)),
            "FACE_TURNED: 45 degrees, limit 35",
        ),
        (replace(GOOD, detection_score=0.7), "FACE_UNCERTAIN: 0.7 confidence, limit 0.9"),
        (replace(GOOD, crop=GOOD.crop // 16), "FACE_DARK: 8 grey levels, limit 40"),
        (replace(GOOD, crop=GOOD.crop // 2 * 0 + 250), "FACE_BRIGHT: 250 grey levels, limit 220"),
    ],
)
def test_each_measure_has_its_reason_with_value_unit_and_limit(face: Face, said: str) -> None:
    assert [str(one) for one in quality_findings(face, WARN)] == [said]


def test_what_is_not_known_is_not_held_against_a_face() -> None:
    unknown = FaceQuality(*[float("nan")] * 4)
    face = replace(GOOD, quality=unknown, crop=np.empty((0, 0, 3), np.uint8))
    assert quality_findings(face, STRICT) == []


def test_a_review_warns_refuses_or_is_off(tmp_path: Path) -> None:
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST)
    dark = np.random.default_rng(0).integers(0, 30, (240, 240, 3), np.uint8)
    with recognizer.open_gallery(tmp_path / "staff", create=True) as gallery:
        assert gallery.review == NO_REVIEW
        gallery.review = STRICT
        with pytest.raises(FaceQualityLow, match=r"face of the image 1: .*FACE_DARK: 1"):
            gallery.enroll("ada", dark)
        assert gallery.counts().faces == 0
        gallery.review = WARN
        (face,) = gallery.enroll("ada", dark)
        assert any(one.startswith("FACE_DARK") for one in face.warnings)
        gallery.review = NO_REVIEW
        assert gallery.enroll("ada", dark)[0].warnings == ()
        assert gallery.counts().faces == 1


def test_somebody_elses_face_is_noticed_and_in_strict_refused(tmp_path: Path) -> None:
    recognizer = FaceRecognizer.of(FakeDetector(), FakeEmbedder(), MANIFEST)
    image = np.random.default_rng(0).integers(0, 256, (240, 240, 3), np.uint8)
    with recognizer.open_gallery(tmp_path / "staff", create=True) as gallery:
        gallery.review = Review(similar="warn")
        assert gallery.enroll("ada", image)[0].warnings == ()
        # The same person again is no other.
        assert gallery.enroll("ada", image)[0].warnings == ()
        (face,) = gallery.enroll("bob", image)
        assert face.warnings == ("SIMILAR_TO_OTHER_PERSON: 1 similarity with ada, limit 0.8",)
        gallery.review = Review(similar="refuse")
        with pytest.raises(SimilarToOtherPerson, match=r"with ada, .*enrol it under that person"):
            gallery.enroll_face("eve", recognizer.embed_one(image))
        (pair,) = gallery.embeddings.duplicates(0.9)
        assert {pair.person_id, pair.other_person_id} == {"ada", "bob"}
        assert pair.score == pytest.approx(1.0)


def test_a_wrong_policy_or_limit_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="quality must be one of"):
        Review(quality="maybe")  # type: ignore[arg-type]
    with pytest.raises(ConfigInvalid, match="sharpness_min must be a number"):
        Review(sharpness_min=float("nan"))
