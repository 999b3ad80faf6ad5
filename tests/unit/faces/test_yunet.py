"""YuNet's settings and files; what it finds is in the contract of detectors."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid, FileMissing
from facenet_res.faces.yunet import YunetConfig, YunetDetector


def test_names_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"absent\.onnx: no such file"):
        YunetDetector(tmp_path / "absent.onnx")


def test_refuses_a_file_that_is_no_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(b"this is no ONNX model")
    with pytest.raises(ArtifactInvalid, match=r"text\.onnx is no YuNet model"):
        YunetDetector(path)


@pytest.mark.data
def test_refuses_the_model_of_another_network(shared_data: Path) -> None:
    path = shared_data / "weights" / "mobilefacenet_ms1m_arcface.onnx"
    with pytest.raises(ArtifactInvalid, match="is no YuNet model"):
        YunetDetector(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score_min", 0),
        ("score_min", 1.5),
        ("iou_max", 0),
        ("side_px_max", 5),
        ("side_px_max", 10_000),
        ("candidates_max", 0),
    ],
)
def test_refuses_a_setting_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigInvalid, match=rf"{name} must be .*, got {value}"):
        YunetConfig(**{name: value})
