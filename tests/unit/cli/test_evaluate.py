"""`evaluate`: the protocols on a handful of images, from a folder and from a zip file."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core import exit_codes
from facenet_res.imaging.encode import encode_jpeg
from tests.unit.cli.conftest import Run

PAIRS = """2 1
ann 1 2
ann 1 bob 1
bob 1 2
ann 2 bob 2
"""


@pytest.fixture
def people(photos: Path, tmp_path: Path) -> Path:
    """Two people with three images each, the third without a face."""
    folder = tmp_path / "people"
    for person, name in (("ann", "a.jpg"), ("bob", "b.jpg")):
        (folder / person).mkdir(parents=True)
        for number in (1, 2):
            copy = folder / person / f"{person}_{number:04d}.jpg"
            copy.write_bytes((photos / name).read_bytes())
        nobody = encode_jpeg(np.full((90, 90, 3), 99, np.uint8))
        (folder / person / f"{person}_0003.jpg").write_bytes(nobody)
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    (tmp_path / "pairs.txt").write_text(PAIRS)
    return tmp_path / "pairs.txt"


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.jpg"):
            archive.write(file, Path("lfw") / file.relative_to(folder))
    return path


def test_pairs_are_judged_alike_from_a_folder_and_a_zip(
    run: Run, model: Path, people: Path, pairs: Path, tmp_path: Path
) -> None:
    common = ("evaluate", "lfw", "--pairs", pairs, "--model", model, "--json")

    folder = run(*common, "--images", people, "--out", tmp_path / "report")
    archive = run(*common, "--images", zipped(people))

    assert folder.json == archive.json
    assert folder.json["images"] == 4
    assert folder.json["accuracy"]["mean"] == 1.0
    written = json.loads((tmp_path / "report" / "report.json").read_text())
    assert written == folder.json
    assert "accuracy, 2 folds" in (tmp_path / "report" / "report.md").read_text()
    assert (tmp_path / "report" / "report.html").read_text().count("<svg") == 3


def test_people_are_enrolled_and_asked_for(run: Run, model: Path, people: Path) -> None:
    ran = run(
        "evaluate", "photos", "--images", people, "--model", model, "--json",
        "--people", 1, "--unknown", 1, "--each", 1,
    )  # fmt: skip
    # ann: one enrolled, one known, one without a face; bob: two not enrolled, one without a face.
    assert (ran.json["known"], ran.json["unknown"], ran.json["without_face"]) == (2, 3, 2)
    assert ran.json["rank_1"] == 0.5
    assert ran.json["answers"][0]["similarity"] == pytest.approx(1.0, abs=1e-5)


def test_figures_are_readable(run: Run, model: Path, people: Path) -> None:
    ran = run(
        "evaluate", "photos", "--images", people, "--model", model,
        "--people", 1, "--unknown", 1, "--each", 1, "--threshold", -1, "--exit-code",
    )  # fmt: skip
    assert "false matches of people never enrolled" in ran.out
    # At -1 everybody passes; --exit-code tells of it.
    assert ran.code == exit_codes.ANSWER_IS_NO


def test_what_is_missing_is_an_input_error(
    run: Run, model: Path, people: Path, pairs: Path
) -> None:
    (people / "ann" / "ann_0002.jpg").unlink()
    missing = run("evaluate", "lfw", "--images", people, "--pairs", pairs, "--model", model)
    nowhere = run("evaluate", "photos", "--images", people / "absent", "--model", model)
    few = run("evaluate", "photos", "--images", people, "--model", model)
    assert {missing.code, nowhere.code, few.code} == {exit_codes.INPUT}
    assert "1 of 4 images of the pairs are missing: ann/ann_0002.jpg" in missing.err
    assert "40 people are needed" in few.err


def test_a_server_that_does_not_answer_is_unavailable(run: Run, people: Path) -> None:
    ran = run(
        "evaluate", "photos", "--images", people, "--server", "127.0.0.1:1",
        "--people", 1, "--unknown", 1, "--each", 1,
    )  # fmt: skip
    assert ran.code == exit_codes.UNAVAILABLE
