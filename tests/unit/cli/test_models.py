"""`facenet-res models`: the names that `--model` takes."""

import pytest

from facenet_res.core import exit_codes
from facenet_res.core.artifact import default_artifact_dir, read_manifest
from facenet_res.core.model_names import list_models
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize("words", [(), ("list",)])
def test_every_name_has_a_line_with_model_and_terms(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    ran = run("models", *words)

    head, *lines = ran.out.splitlines()
    assert ran.code == exit_codes.OK
    assert head.split() == ["name", "model", "dim", "terms"]
    assert [line.split()[0] for line in lines] == list(list_models())
    assert read_manifest(default_artifact_dir()).title in lines[0]


@pytest.mark.parametrize("words", [("list", "--json"), ("--json",), ("--json", "list")])
def test_json_has_the_same_models(run: Run, words: tuple[str, ...]) -> None:
    listed = run("models", *words).json
    manifest = read_manifest(default_artifact_dir())

    assert [each["name"] for each in listed] == list(list_models())
    assert listed[0]["model_id"] == manifest.model_id
    assert listed[0]["calibrated_fmr"] == [each.fmr for each in manifest.thresholds]


def test_a_model_whose_package_is_absent_is_listed_with_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facenet_res.core.model_names.DLIB_PACKAGE", "no_such_package")

    listed = run("models", "--json").json

    assert listed[1]["name"] == "dlib-resnet"
    assert "no_such_package" in listed[1]["error"]
