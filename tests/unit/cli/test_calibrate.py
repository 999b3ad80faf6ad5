"""`facenet-res calibrate`: thresholds of one's own people go into the manifest of a model."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.cli.export import read_thresholds
from facenet_res.core import exit_codes
from facenet_res.core.artifact import read_manifest, write_manifest
from facenet_res.imaging.encode import encode_jpeg
from tests.unit.cli.conftest import Run


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
    command = ("calibrate", "--images", crops, "--aligned")

    command += ("--dry-run",)
    ran = run(*command, "--model", model, "--json", "--fmr", "0.01", "0.1")
    table = run(*command, "--model", model, "--fmr", "0.1")
    refused = run(*command, "--model", model, "--fmr", "1e-4")

    loose, strict = ran.json["thresholds"]
    assert loose["fmr"] == 0.1
    grey = ran.json["conditions"][0]
    assert (grey["name"], grey["crops"], grey["impostor_pairs"]) == ("grey", 36, 594)
    assert loose["similarity_low"] <= loose["similarity"] <= loose["similarity_high"]
    assert loose["similarity"] < strict["similarity"]
    assert f"{loose['similarity']:.4f}" in table.out
    assert refused.code == exit_codes.INPUT
    assert "requires 30,000 impostor pairs; 12 people with 36 images make 594" in refused.err
    assert "Missing are about 71 people with 3.0 images each" in refused.err
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
    command = ("calibrate", "--images", crops, "--aligned", "--fmr", "0.01", "0.1")

    written = run(*command, "--model", model, "--json")
    without_model = run(*command)
    copied = run(*command, "--model", model, "--out", tmp_path / "copy")
    after = run(*verify)

    assert before.code == exit_codes.INPUT
    assert "facenet-res calibrate --images PEOPLE --model DIR" in before.err
    assert f"wrote 2 thresholds and those of 4 conditions to the manifest of {model}" in written.err
    assert [one.fmr for one in read_manifest(model).thresholds] == [0.1, 0.01]
    assert read_manifest(model).model_id == written.json["model_id"]
    assert without_model.code == exit_codes.INPUT
    assert "the model 'default' of the package is not changed: pass --out" in without_model.err
    assert copied.code == exit_codes.OK
    assert read_manifest(tmp_path / "copy") == read_manifest(model)
    assert after.code == exit_codes.OK


def test_only_people_who_are_there_can_be_chosen(
    run: Run, model: Path, crops: Path, tmp_path: Path
) -> None:
    (tmp_path / "only.txt").write_text("p00\neve\n")
    ran = run(
        "calibrate", "--images", crops, "--model", model,
        "--only", tmp_path / "only.txt",
    )  # fmt: skip
    assert ran.code == exit_codes.INPUT
    assert "1 people of" in ran.err


def test_images_without_a_face_are_left_out(
    run: Run, model: Path, photos: Path, tmp_path: Path
) -> None:
    for person, name in (("ann", "a"), ("bob", "b"), ("cid", "a")):
        (tmp_path / "people" / person).mkdir(parents=True)
        for number, image in enumerate((name, name, "none")):
            copy = tmp_path / "people" / person / f"{number}.jpg"
            copy.write_bytes((photos / f"{image}.jpg").read_bytes())
    command = ("calibrate", "--images", tmp_path / "people", "--model", model, "--dry-run")
    ran = run(*command, "--fmr", "0.3", "--json")
    assert ran.code == exit_codes.OK
    assert "3 images show no face and are left out, such as ann/2.jpg" in ran.err
    assert ran.json["conditions"][0]["crops"] == 6


def test_the_rates_seen_on_other_people_are_printed(run: Run, model: Path, crops: Path) -> None:
    command = ("evaluate", "fmr", "--images", crops, "--aligned", "--model", model)
    ran = run(*command, "--json", "--images-max", 24)
    table = run(*command)
    assert len(ran.json["rates"]) == 5 * 2 * 3
    assert ran.json["rates"][0]["condition"] == "as they are"
    assert ran.json["rates"][0]["genuine_pairs"] < 24
    assert "36 images of 12 people, 594 impostor and 36 genuine pairs" in table.out
