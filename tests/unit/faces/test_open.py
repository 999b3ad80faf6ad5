"""Detectors by their names."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.faces.open import open_detector


def test_the_default_is_the_one_in_the_package() -> None:
    assert isinstance(open_detector(), MtcnnDetector)


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
