"""`python -m experiments.demo`: the whole product in one command."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from facenet_res.core.artifact import default_artifact_dir
from tests.artifacts import write_random_artifact

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.e2e


def demo(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments.demo", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_every_answer_about_the_portraits_is_as_expected(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="needs the extra `demo`")
    if not default_artifact_dir().is_dir():
        pytest.skip(f"no trained weights at {default_artifact_dir()}")

    ended = demo("--out", tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "answers as expected" in ended.stdout
    assert "server stopped by SIGTERM, status 0" in ended.stdout
    (run,) = tmp_path.iterdir()
    assert (run / "duplicates" / "report.html").is_file()


@pytest.mark.slow
def test_a_network_that_knows_nobody_is_told_apart(tmp_path: Path) -> None:
    # Given random weights: the copies are found, but the answers about people are guesses.
    pytest.importorskip("skimage", reason="needs the extra `demo`")
    model = write_random_artifact(tmp_path / "model").folder

    ended = demo("--out", tmp_path / "out", "--model", model)

    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    assert ("NOT AS EXPECTED" in ended.stdout) == (ended.returncode == 1)
    assert "server stopped by SIGTERM, status 0" in ended.stdout
    assert ended.stderr == ""


@pytest.mark.slow
@pytest.mark.data
def test_takes_a_folder_of_people(tmp_path: Path, shared_data: Path) -> None:
    model = write_random_artifact(tmp_path / "model").folder
    with zipfile.ZipFile(shared_data / "photos.zip") as archive:
        people = sorted({name.split("/")[0] for name in archive.namelist()})[:3]
        chosen = [name for name in archive.namelist() if name.split("/")[0] in people]
        archive.extractall(tmp_path / "photos", [name for name in chosen if name.endswith(".jpg")])

    ended = demo("--out", tmp_path / "out", "--photos", tmp_path / "photos", "--model", model)

    assert ended.returncode in (0, 1), ended.stderr
    assert "3 people from" in ended.stdout


@pytest.mark.parametrize(("option", "word"), [("--model", "model"), ("--photos", "people")])
def test_what_is_missing_is_one_sentence(tmp_path: Path, option: str, word: str) -> None:
    pytest.importorskip("skimage", reason="needs the extra `demo`")
    ended = demo("--out", tmp_path / "out", option, tmp_path / "absent")
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert word in ended.stderr
    assert not (tmp_path / "out").exists()
