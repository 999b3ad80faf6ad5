"""Answers counted again at the gallery's thresholds for an FPIR."""

from pathlib import Path

import numpy as np

from facenet_res.core.arrays import unit_norm
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.evaluation.at_fpir import at_fpirs, fpir_points
from facenet_res.evaluation.photos import Answer
from facenet_res.gallery.gallery import EmbeddingGallery


def answer(person: str, closest: str, similarity: float, *, is_enrolled: bool) -> Answer:
    return Answer("", person, is_enrolled, closest, "", similarity, 0.0)


ANSWERS = (
    answer("ada", "ada", 0.8, is_enrolled=True),
    answer("ada", "ada", 0.5, is_enrolled=True),
    answer("ada", "bob", 0.9, is_enrolled=True),
    answer("eve", "bob", 0.6, is_enrolled=False),
    answer("eve", "ada", 0.2, is_enrolled=False),
)


def test_names_of_others_and_right_names_are_counted() -> None:
    strict, loose = at_fpirs(
        ANSWERS, [OperatingPoint(0.7, fpir=0.01), OperatingPoint(0.5, fpir=0.05)]
    )
    assert (strict.fpir, strict.named, strict.tpir) == (0.01, 0, 1 / 3)
    assert (loose.fpir, loose.named, loose.tpir) == (0.05, 1, 2 / 3)
    assert loose.interval.low < 0.5 < loose.interval.high


def test_a_gallery_without_enough_people_or_calibration_has_no_point(tmp_path: Path) -> None:
    rows = unit_norm(np.random.default_rng(0).normal(size=(30, 16)))
    with EmbeddingGallery.create(tmp_path / "g", model_id="m", embedding_dim=16) as gallery:
        gallery.enroll("a", rows[0])
        assert fpir_points(gallery) == ()
        for number, row in enumerate(rows):
            gallery.enroll(f"p{number}", row)
        assert [point.fpir for point in fpir_points(gallery)] == [0.01, 0.05]
