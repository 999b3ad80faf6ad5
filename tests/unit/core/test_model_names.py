"""A name is a model folder; dlib's network is converted once, and only from its own file."""

import importlib.util
from pathlib import Path

import pytest

from facenet_res.core import model_names
from facenet_res.core.artifact import default_artifact_dir, read_artifact, read_manifest
from facenet_res.core.errors import ArtifactInvalid, EngineUnavailable, FileMissing, NotWritable
from facenet_res.core.model_names import dlib_file, list_models, model_folder

HAS_DLIB = importlib.util.find_spec("face_recognition_models") is not None
needs_dlib = pytest.mark.skipif(not HAS_DLIB, reason="needs face_recognition_models (extra `dlib`)")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(model_names, "cache_folder", lambda: folder)
    return folder


def test_a_name_is_a_folder_and_a_path_is_itself(tmp_path: Path) -> None:
    assert list_models() == ("default", "dlib-resnet")
    assert model_folder("default") == default_artifact_dir()
    assert model_folder() == default_artifact_dir()
    assert model_folder(tmp_path) == tmp_path
    for absent in ("./default", tmp_path / "gone"):
        with pytest.raises(FileMissing, match="neither a folder nor one of default, dlib-resnet"):
            model_folder(absent)


def test_without_the_package_the_extra_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_names, "DLIB_PACKAGE", "no_such_package")

    with pytest.raises(EngineUnavailable, match=r"needs the package no_such_package: .*\[dlib\]"):
        model_folder("dlib-resnet")
    assert not cache.exists()


@needs_dlib
def test_dlibs_network_is_converted_once_and_made_again_where_damaged(cache: Path) -> None:
    folder = model_folder("dlib-resnet")
    first = (folder / "model.safetensors").stat().st_mtime_ns

    assert model_folder("dlib-resnet") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == first
    manifest = read_artifact(folder).manifest
    assert manifest == read_manifest(default_artifact_dir().parent / "dlib-resnet")
    assert [threshold.fmr for threshold in manifest.thresholds] == [1e-2, 1e-3, 1e-4]

    (folder / "model.safetensors").write_bytes(b"torn")
    read_artifact(model_folder("dlib-resnet"))
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@needs_dlib
def test_a_package_with_another_file_is_refused_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = tmp_path / "cut.dat"
    cut.write_bytes(dlib_file().read_bytes()[:-5])
    monkeypatch.setattr(model_names, "dlib_file", lambda: cut)

    with pytest.raises(ArtifactInvalid, match="cut off"):
        model_folder("dlib-resnet")
    assert list((cache / "models").iterdir()) == []


@needs_dlib
def test_a_cache_that_cannot_be_written_is_named(cache: Path) -> None:
    cache.write_text("a file in its place")

    with pytest.raises(NotWritable, match="cache"):
        model_folder("dlib-resnet")
