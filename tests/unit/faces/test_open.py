"""Detectors by their names."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.faces.open import open_detector


def test_the_default_is_the_one_in_the_package() -> None:
    assert isinstance(open_detector(), MtcnnDetector)


def test_small_faces_are_looked_for_where_they_are_asked_for() -> None:
    assert open_detector().side_px_enough == 1280
    assert open_detector(face_px_min=30).side_px_enough is None


@pytest.mark.parametrize(
    ("name", "face_px_min", "message"),
    [("mtcnn", 5, r"face_px_min must be in \[12"), ("yunet", 30, "got face_px_min 30")],
)
def test_refuses_a_face_size_that_cannot_be(name: str, face_px_min: float, message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        open_detector(name, face_px_min=face_px_min)


@pytest.mark.parametrize(
    ("name", "model_path", "message"),
    [
        ("retinaface", None, "no detector 'retinaface'; there are mtcnn, yunet"),
        ("yunet", None, "yunet needs its ONNX file"),
        ("mtcnn", Path("a.onnx"), r"carries its own weights; got the model file a\.onnx"),
    ],
)
def test_refuses_what_does_not_exist(name: str, model_path: Path | None, message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        open_detector(name, model_path)
