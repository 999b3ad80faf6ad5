"""`verify A B`: the answer, where its threshold came from, and what cannot be compared."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.core.artifact import read_manifest, write_manifest
from tests.unit.cli.conftest import Run


def test_a_photograph_shows_the_same_person_as_itself(run: Run, photos: Path, model: Path) -> None:
    ran = run("verify", photos / "a.jpg", photos / "a.jpg", "--model", model, "--json")
    assert ran.json["is_match"] is True
    assert ran.json["score"] == pytest.approx(1.0, abs=1e-5)
    assert (ran.json["threshold"], ran.json["fmr"]) == (0.6, 1e-3)
    assert ran.code == exit_codes.OK


@pytest.mark.parametrize(
    ("options", "threshold", "rate"),
    [(("--fmr", "1e-4"), 0.7, 1e-4), (("--threshold", "0.99"), 0.99, None)],
)
def test_the_threshold_is_the_one_asked_for(
    run: Run, photos: Path, model: Path, options: tuple[str, str], threshold: float, rate: object
) -> None:
    pair = (photos / "a.jpg", photos / "b.jpg")
    ran = run("verify", *pair, "--model", model, "--json", *options)
    assert (ran.json["threshold"], ran.json["fmr"]) == (threshold, rate)


def test_no_is_status_1_only_where_it_was_asked_for(run: Run, photos: Path, model: Path) -> None:
    command = ("verify", photos / "a.jpg", photos / "b.jpg", "--model", model, "--threshold", 1)
    assert run(*command).code == exit_codes.OK
    ran = run(*command, "--exit-code")
    assert ran.code == exit_codes.ANSWER_IS_NO
    assert "same person  no" in ran.out


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.jpg", "no face"), ("both.jpg", "2 faces"), ("absent.jpg", "absent")],
)
def test_a_photograph_that_cannot_be_used_is_named(
    run: Run, photos: Path, model: Path, name: str, message: str
) -> None:
    ran = run("verify", photos / "a.jpg", photos / name, "--model", model)
    assert ran.code == exit_codes.INPUT
    assert str(photos / name) in ran.err
    assert message in ran.err
    assert ran.out == ""


def test_the_largest_of_several_faces_will_do_where_asked(
    run: Run, photos: Path, model: Path
) -> None:
    ran = run("verify", photos / "a.jpg", photos / "both.jpg", "--model", model, "--largest")
    assert ran.code == exit_codes.OK


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fmr", "0.5"), "outside the range"),
        (("--threshold", "1.5"), "must be a cosine in [-1, 1]"),
    ],
)
def test_a_decision_out_of_range_is_an_input_error(
    run: Run, photos: Path, model: Path, options: tuple[str, str], message: str
) -> None:
    ran = run("verify", photos / "a.jpg", photos / "b.jpg", "--model", model, *options)
    assert ran.code == exit_codes.INPUT
    assert message in ran.err


def test_a_model_without_thresholds_says_the_next_step(
    run: Run, photos: Path, model: Path, tmp_path: Path
) -> None:
    bare = shutil.copytree(model, tmp_path / "bare")
    write_manifest(bare, dataclasses.replace(read_manifest(model), thresholds=()))
    command = ("verify", photos / "a.jpg", photos / "a.jpg", "--model", bare)

    ran = run(*command)

    assert ran.code == exit_codes.INPUT
    assert "facenet-res calibrate --images PEOPLE --model DIR" in ran.err
    assert run(*command, "--threshold", 0.5).code == exit_codes.OK
