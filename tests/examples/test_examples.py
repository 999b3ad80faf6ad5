"""The examples run as their pages say, in miniature, and skip where the data are absent."""

import os
import subprocess
import sys
import zipfile
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest

from examples.command import recorded
from facenet_res.core.errors import StateError
from tests.portraits import PORTRAITS, portrait

pytest.importorskip("torch", reason="needs PyTorch (extra `torch`)")

ROOT = Path(__file__).parents[2]
EXAMPLES = ("pneumonia", "fine_tuning", "detector")


def run(example: str, data: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", f"examples.{example}", "--out", out, "--runs", out / "runs")
    return subprocess.run(
        [*map(str, command), *options],
        cwd=ROOT,
        env={
            **os.environ,
            "FACENET_RES_DATA": str(data),
            "KERAS_BACKEND": "torch",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def jpeg(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The files that the examples read, made up but for two portraits."""
    folder = tmp_path / "data"
    rng = np.random.default_rng(0)
    (folder / "medical").mkdir(parents=True)
    arrays = {}
    for split, count in (("train", 48), ("val", 48), ("test", 48)):
        arrays[f"{split}_images"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{split}_labels"] = (np.arange(count) % 2).astype(np.uint8)[:, None]
    np.savez(folder / "medical/pneumoniamnist.npz", **arrays)
    with zipfile.ZipFile(folder / "crops.zip", "w") as archive:
        for number in range(20):
            name = f"_unlabelled/utk_{(5, 20, 30, 70)[number % 4]}_0_0_{number}.jpg"
            archive.writestr(name, jpeg(rng.integers(0, 256, (112, 112, 3), np.uint8)))
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        for number in range(4):
            name = PORTRAITS[number % 2]
            archive.writestr(f"{name}/{number}.jpg", jpeg(portrait(name)))
    group = folder / "group_photos"
    group.mkdir()
    (group / "a.jpg").write_bytes(jpeg(portrait("astronaut")))
    (group / "dogs.jpg").write_bytes(jpeg(np.full((64, 64, 3), 90, np.uint8)))
    (group / "boxes.xml").write_text(
        "<dataset><images><image file='a.jpg'>"
        "<box top='70' left='175' width='95' height='125'/></image></images></dataset>"
    )
    return folder


@pytest.mark.parametrize(
    ("example", "plots", "said"),
    [
        ("pneumonia", ["pneumonia-reliability.svg", "pneumonia-validation.svg"], "AutoKeras"),
        ("fine_tuning", ["fine_tuning.svg"], "fresh weights"),
        ("detector", ["detector-precision.svg"], "MTCNN"),
    ],
)
def test_an_example_trains_prints_its_figures_and_draws(
    example: str, plots: list[str], said: str, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = run(example, data, out, "--smoke")
    assert first.returncode == 0, first.stderr
    assert said in first.stdout
    for name in plots:
        assert (out / name).read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_skips_with_a_message_where_its_data_are_absent(
    example: str, tmp_path: Path
) -> None:
    result = run(example, tmp_path / "none", tmp_path / "out")
    assert result.returncode == 0
    assert "skipped" in result.stderr
    assert "FACENET_RES_DATA" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()


def test_what_was_measured_is_read_and_not_measured_again(tmp_path: Path) -> None:
    path, arguments = tmp_path / "runs/one.json", Namespace(finished=False)
    measured = [recorded(path, lambda: {"score": 1}, arguments)]
    measured.append(recorded(path, lambda: {"score": 2}, arguments))
    assert measured == [{"score": 1}, {"score": 1}]


def test_what_is_not_trained_is_said_and_not_trained(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="run without --finished to train"):
        recorded(tmp_path / "one.json", lambda: {"score": 1}, Namespace(finished=True))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name
)
def test_an_example_is_short(path: Path) -> None:
    assert path.read_text("utf-8").count("\n") <= 200
