"""Detectors by their names."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.faces.open import open_detector
from facenet_res.faces.retries import RetryingDetector
from tests.portraits import portrait


def test_the_default_is_the_one_in_the_package() -> None:
    assert isinstance(open_detector(), RetryingDetector)
    assert isinstance(open_detector(retries=False), MtcnnDetector)


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


def test_the_smallest_face_holds_however_large_the_photograph() -> None:
    # Where a copy may be searched instead of the whole, small faces are let go.
    ours, told = (open_detector(face_px_min=size, retries=False) for size in (None, 40))
    assert isinstance(ours, MtcnnDetector)
    assert isinstance(told, MtcnnDetector)
    assert ours.side_px_enough == 1280
    assert told.side_px_enough is None


def test_a_face_below_what_was_asked_for_is_not_looked_for() -> None:
    image = portrait("astronaut")
    (face,) = open_detector().detect(image)
    assert face.box.x1 - face.box.x0 < 200
    assert open_detector(face_px_min=450).detect(image) == []


@pytest.mark.parametrize(
    ("name", "model_path", "px", "message"),
    [
        ("mtcnn", None, 11.0, r"face_px_min must be in \[12, 10000\], got 11"),
        ("mtcnn", None, float("nan"), r"face_px_min must be in \[12, 10000\], got nan"),
        ("yunet", Path("a.onnx"), 20.0, "got face_px_min 20, which is mtcnn's"),
    ],
)
def test_refuses_a_smallest_face_it_cannot_look_for(
    name: str, model_path: Path | None, px: float, message: str
) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        open_detector(name, model_path, px)
