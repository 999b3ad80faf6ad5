"""`evaluate`: the protocols on a handful of images, from a folder and from a zip file."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.cli.export import read_thresholds
from facenet_res.core import exit_codes
from facenet_res.core.artifact import read_manifest, write_manifest
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


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """12 people with 3 aligned crops each: 594 impostor pairs."""
    random = np.random.default_rng(0)
    for person in range(12):
        folder = tmp_path / "crops" / f"p{person:02d}"
        folder.mkdir(parents=True)
        for number in range(3):
            coarse = random.integers(0, 256, (8, 8, 3), np.uint8)
            face = np.kron(coarse, np.ones((14, 14, 1), np.uint8))
            (folder / f"{number}.jpg").write_bytes(encode_jpeg(face))
    return tmp_path / "crops"


def test_thresholds_come_with_an_interval_and_can_be_exported(
    run: Run, model: Path, crops: Path, tmp_path: Path
) -> None:
    command = ("evaluate", "thresholds", "--images", crops, "--aligned")

    ran = run(*command, "--model", model, "--json", "--fmr", "0.01", "0.1")
    table = run(*command, "--model", model, "--fmr", "0.1")
    refused = run(*command, "--model", model, "--fmr", "1e-4")

    loose, strict = ran.json["thresholds"]
    assert (loose["fmr"], loose["impostor_pairs"]) == (0.1, 594)
    assert loose["similarity_low"] <= loose["similarity"] <= loose["similarity_high"]
    assert loose["similarity"] < strict["similarity"]
    assert f"{loose['similarity']:.4f}" in table.out
    assert refused.code == exit_codes.INPUT
    assert "594 impostor pairs cannot support" in refused.err
    (tmp_path / "thresholds.json").write_text(ran.out)
    model_id, (first, second) = read_thresholds(tmp_path / "thresholds.json")
    assert model_id == ran.json["model_id"]
    assert (first.similarity, second.fmr) == (loose["similarity"], 0.01)


def test_written_thresholds_make_an_imported_model_verify(
    run: Run, model: Path, crops: Path, photos: Path, tmp_path: Path
) -> None:
    # Given a model without thresholds.
    model = shutil.copytree(model, tmp_path / "imported")
    write_manifest(model, replace(read_manifest(model), thresholds=()))
    verify = ("verify", photos / "a.jpg", photos / "a.jpg", "--model", model, "--fmr", "0.03")
    before = run(*verify)
    command = ("evaluate", "thresholds", "--images", crops, "--aligned", "--fmr", "0.01", "0.1")

    written = run(*command, "--model", model, "--json", "--write")
    without_model = run(*command, "--write")
    after = run(*verify)

    assert before.code == exit_codes.INPUT
    assert "evaluate thresholds --images PEOPLE --model DIR --write" in before.err
    assert f"wrote 2 thresholds to the manifest of {model}" in written.err
    assert [one.fmr for one in read_manifest(model).thresholds] == [0.1, 0.01]
    assert read_manifest(model).model_id == written.json["model_id"]
    assert without_model.code == exit_codes.INPUT
    assert "--write requires --model" in without_model.err
    assert after.code == exit_codes.OK


def test_only_people_who_are_there_can_be_chosen(
    run: Run, model: Path, people: Path, tmp_path: Path
) -> None:
    (tmp_path / "only.txt").write_text("ann\neve\n")
    ran = run(
        "evaluate", "thresholds", "--images", people, "--model", model,
        "--only", tmp_path / "only.txt",
    )  # fmt: skip
    assert ran.code == exit_codes.INPUT
    assert "1 people of" in ran.err
