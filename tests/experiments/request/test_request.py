"""`python -m experiments.request`: every stage is there, and the sums are right."""

from pathlib import Path

import numpy as np
import pytest

from experiments.request.__main__ import main
from experiments.request.profile import profile_request
from facenet_res.core import exit_codes
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.portraits import portrait

STAGES = ["decode", "detect", "align", "queue", "network", "search", "wire"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random").folder


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "portrait.jpg"
    path.write_bytes(encode_jpeg(np.ascontiguousarray(portrait("astronaut")[:256, 96:352])))
    return path


def test_the_profile_has_every_stage_and_adds_up(image: Path, model: Path) -> None:
    profile = profile_request(image, people=30, rounds=2, model=model)

    stages = {stage.name: stage for stage in profile.stages}
    assert list(stages) == STAGES
    assert profile.sum_ms == pytest.approx(sum(stage.ms for stage in profile.stages))
    assert all(stage.ms > 0 and (stage.bound_ms or 0) > 0 for stage in profile.stages)
    # The whole passes through all stages: it cannot be faster than the network alone.
    assert profile.whole_ms > stages["network"].ms / 2
    assert profile.whole_low_ms <= profile.whole_ms <= profile.whole_high_ms
    assert profile.faces == 1


def test_prints_the_table_of_the_docs(
    image: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(image), "--model", str(model), "--rounds", "1", "--people", "30"]

    assert main(words) == exit_codes.OK

    said = capsys.readouterr().out
    rows = [line.split("|")[1].strip() for line in said.splitlines() if line.startswith("|")]
    assert rows == ["stage", "---", *STAGES, "sum", "whole"]
    assert "whole over sum: " in said


def test_refuses_what_it_cannot_measure(
    image: Path, model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    blank = tmp_path / "blank.jpg"
    blank.write_bytes(encode_jpeg(np.full((80, 80, 3), 90, np.uint8)))
    options = ["--model", str(model)]

    assert main([str(blank), *options]) == exit_codes.INPUT
    assert "holds no face" in capsys.readouterr().err
    assert main([str(image), *options, "--rounds", "0"]) == exit_codes.INPUT
    assert "--rounds must be in [1, 100000], got 0" in capsys.readouterr().err
    assert main([str(image), *options, "--people", "-1"]) == exit_codes.INPUT
    assert main(["nothing.jpg", *options]) == exit_codes.INPUT
