"""`python -m experiments.demo`: the whole product in one command."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.demo.variations import scaled, with_gamma
from facenet_res.core.artifact import default_artifact_dir
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.portraits import portrait

ROOT = Path(__file__).parents[3]
# Nobody listens at the discard port: whoever goes through this proxy fails.
PROXY = {name: "http://127.0.0.1:9" for name in ("http_proxy", "grpc_proxy", "https_proxy")}
pytestmark = pytest.mark.e2e


def demo(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments.demo", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **PROXY},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_every_decision_about_the_portraits_is_right(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="needs the extra `demo`")
    if not default_artifact_dir().is_dir():
        pytest.skip(f"no trained weights at {default_artifact_dir()}")

    ended = demo("--out", tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "24 of 24 decisions agree with the images" in ended.stdout
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert ["stop", "SIGTERM", "status", "0", "ok"] in rows
    assert [row[1:3] for row in rows if row[:1] == ["person"]][:2] == [
        ["Eileen", "Collins"],
        ["Grace", "Hopper"],
    ]
    (run,) = tmp_path.iterdir()
    assert (run / "duplicates" / "report.html").is_file()
    # Paths of this machine may be longer.
    assert [line for line in ended.stdout.splitlines() if len(line) > 80 and "/" not in line] == []


def test_an_honest_miss_is_a_result(tmp_path: Path) -> None:
    # Given random weights, an image without a face, and people of one's own.
    model = write_random_artifact(tmp_path / "model").folder
    for name, image in (("ann", portrait("astronaut")), ("bob", portrait("grace_hopper"))):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number, each in enumerate((scaled(image, 0.5), with_gamma(image, 1.4))):
            path = tmp_path / "photos" / name / f"{number}.jpg"
            path.write_bytes(encode_jpeg(each))
    blank = tmp_path / "photos" / "ann" / "blank.jpg"
    blank.write_bytes(encode_jpeg(np.full((90, 90, 3), 120, np.uint8)))

    ended = demo("--out", tmp_path / "out", "--photos", tmp_path / "photos", "--model", model)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert "no face detected" in ended.stdout
    assert "MISS" in ended.stdout
    assert "FAULT" not in ended.stdout


@pytest.mark.parametrize(("option", "word"), [("--model", "model"), ("--photos", "people")])
def test_what_is_missing_is_one_sentence(tmp_path: Path, option: str, word: str) -> None:
    pytest.importorskip("skimage", reason="needs the extra `demo`")
    ended = demo("--out", tmp_path / "out", option, tmp_path / "absent")
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert word in ended.stderr
    assert not (tmp_path / "out").exists()
