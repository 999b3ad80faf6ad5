"""`facenet-res bench request`: every stage is there, and the sums are right."""

import json
from pathlib import Path

import numpy as np
import pytest

from facenet_res.cli import bench_request
from facenet_res.cli.__main__ import main
from facenet_res.core import exit_codes
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.portraits import portrait

STAGES = ["decode", "detect", "align", "queue", "network", "search"]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command on a portrait, with a small network and few rounds."""
    folder = tmp_path_factory.mktemp("bench")
    model = write_random_artifact(folder / "model").folder
    photo = folder / "portrait.jpg"
    photo.write_bytes(encode_jpeg(np.ascontiguousarray(portrait("astronaut")[:256, 96:352])))
    return [
        *("bench", "request", str(photo), "--model", str(model)),
        *("--rounds", "2", "--people", "30"),
    ]


def test_says_where_the_time_of_a_request_goes(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--json"]) == exit_codes.OK
    document = json.loads(capsys.readouterr().out)
    stages = {stage["name"]: stage for stage in document["stages"]}
    assert list(stages) == [*STAGES, "wire"]
    assert document["sum_ms"] == pytest.approx(sum(stage["ms"] for stage in stages.values()))
    assert all(stage["ms"] > 0 and stage["bound_ms"] > 0 for stage in stages.values())
    # The whole passes through all stages: it cannot be faster than the network alone.
    assert document["whole_ms"] > stages["network"]["ms"] / 2
    assert document["whole_low_ms"] <= document["whole_ms"] <= document["whole_high_ms"]
    assert document["faces"] == 1


def test_without_a_checkout_it_says_what_was_not_measured(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_request, "has_server", lambda: False)
    assert main(command) == exit_codes.OK
    said = capsys.readouterr()
    rows = [line.split("|")[1].strip() for line in said.out.splitlines() if line.startswith("|")]
    assert rows[0] == "stage"
    assert rows[2:] == [*STAGES, "sum"]
    assert "wire and whole were not measured" in said.err


def test_refuses_what_it_cannot_measure(
    command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    blank = tmp_path / "blank.jpg"
    blank.write_bytes(encode_jpeg(np.full((80, 80, 3), 90, np.uint8)))
    assert main(["bench", "request", str(blank), *command[3:]]) == exit_codes.INPUT
    assert "holds no face" in capsys.readouterr().err
    assert main([*command, "--rounds", "0"]) == exit_codes.INPUT
    assert "--rounds must be in [1, 100000], got 0" in capsys.readouterr().err
    assert main([*command, "--people", "-1"]) == exit_codes.INPUT
    assert main(["bench", "request", "nothing.jpg", *command[3:]]) == exit_codes.INPUT
