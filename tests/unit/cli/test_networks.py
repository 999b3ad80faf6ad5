"""The list of networks: what the table says, the JSON says too, and nothing is built for it."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.core.artifact import read_manifest, write_manifest
from facenet_res.models.config import ModelConfig
from tests.unit.cli.conftest import Run

DEFAULT_DIR = "facenet_res.core.artifact.default_artifact_dir"


@pytest.fixture(autouse=True)
def default_model(monkeypatch: pytest.MonkeyPatch, model: Path) -> Path:
    monkeypatch.setattr(DEFAULT_DIR, lambda: model)
    return model


def test_every_network_has_a_line_and_the_default_model_the_first(run: Run, model: Path) -> None:
    ran = run("develop", "networks")

    assert ran.code == exit_codes.OK
    head, first, *rows = ran.out.splitlines()
    assert head.split() == ["network", "input", "output", "parameters", "GMAC"]
    assert first.startswith(f"{read_manifest(model).model_id} (default)")
    assert [row.split() for row in rows if row.startswith("iresnet50 ")] == [
        ["iresnet50", "112", "512", "values", "43,590,848", "6.309"]
    ]
    assert [row.split() for row in rows if row.startswith("resnet50 ")] == [
        ["resnet50", "224", "1000", "classes", "25,557,032", "4.089"]
    ]


def test_json_has_the_same_networks_with_their_configs(run: Run) -> None:
    table = run("develop", "networks").out.splitlines()[1:]

    listed = run("develop", "networks", "--json").json

    assert len(listed) == len(table)
    for line, network in zip(table, listed, strict=True):
        assert line.split()[0] == network["name"]
        assert f"{network['parameters']:,}" in line
        assert f"{network['gmacs']:.3f}" in line
    assert [network["is_default"] for network in listed].index(True) == 0
    assert ModelConfig.from_dict(listed[1]["config"]) == ModelConfig(depth=18)


def test_a_default_model_that_is_absent_is_said_and_the_others_are_listed(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(DEFAULT_DIR, lambda: tmp_path / "absent")

    ran = run("develop", "networks", "--json")

    assert ran.code == exit_codes.OK
    assert "the default model is not listed" in ran.err
    assert ran.json[0]["name"] == "iresnet18"


def test_a_default_model_of_an_unknown_network_is_not_taken_for_one_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path
) -> None:
    foreign = shutil.copytree(model, tmp_path / "foreign")
    write_manifest(foreign, dataclasses.replace(read_manifest(model), network={}))
    monkeypatch.setattr(DEFAULT_DIR, lambda: foreign)

    ran = run("develop", "networks", "--json")

    assert "does not describe its network" in ran.err
    assert not any(network["is_default"] for network in ran.json)


def test_the_list_needs_no_keras() -> None:
    code = (
        "import sys; from facenet_res.cli.commands import main; main(['develop', 'networks']); "
        "print([name for name in ('keras', 'tensorflow', 'torch', 'cv2') if name in sys.modules])"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    assert ended.stdout.splitlines()[-1] == "[]"
