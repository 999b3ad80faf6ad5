"""A model folder is whole and true to its manifest, or it is refused with a reason."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from facenet_res.core import artifact as module
from facenet_res.core.artifact import (
    Artifact,
    Manifest,
    default_artifact_dir,
    read_artifact,
    write_artifact,
    write_manifest,
)
from facenet_res.core.errors import (
    ArgumentInvalid,
    ArtifactInvalid,
    DiskFull,
    FileMissing,
    NotWritable,
)

MANIFEST = Manifest(model_id="net-1", embedding_dim=64, network={"depth": 18, "width": 0.5})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights" * 100)
    return path


@pytest.fixture
def artifact(tmp_path: Path, source: Path) -> Artifact:
    return write_artifact(tmp_path / "net", MANIFEST, [("safetensors", source)])


def test_what_was_written_is_read(artifact: Artifact, source: Path) -> None:
    again = read_artifact(artifact.folder)

    assert again.manifest == artifact.manifest
    assert replace(again.manifest, files=()) == MANIFEST
    assert again.path_of("safetensors").read_bytes() == source.read_bytes()


def test_a_format_that_is_not_there_is_named(artifact: Artifact) -> None:
    assert artifact.manifest.file_of("onnx") is None
    with pytest.raises(ArtifactInvalid, match=r"no file of format onnx.*\['safetensors'\]"):
        artifact.path_of("onnx")


def test_a_changed_byte_is_found(artifact: Artifact) -> None:
    path = artifact.path_of("safetensors")
    path.write_bytes(path.read_bytes().replace(b"w", b"v", 1))
    with pytest.raises(ArtifactInvalid, match=r"has SHA-256 .* the manifest says"):
        read_artifact(artifact.folder)


def test_a_file_cut_short_is_found(artifact: Artifact) -> None:
    artifact.path_of("safetensors").write_bytes(b"weights")
    with pytest.raises(ArtifactInvalid, match="has 7 bytes, the manifest says 700"):
        read_artifact(artifact.folder)


def test_what_is_missing_is_named(tmp_path: Path, artifact: Artifact) -> None:
    with pytest.raises(FileMissing, match=r"model folder .*nowhere does not exist"):
        read_artifact(tmp_path / "nowhere")
    artifact.path_of("safetensors").unlink()
    with pytest.raises(FileMissing, match=r"model file .*model\.safetensors does not exist"):
        read_artifact(artifact.folder)
    (artifact.folder / "manifest.toml").unlink()
    with pytest.raises(FileMissing, match=r"has no manifest\.toml"):
        read_artifact(artifact.folder)


def test_a_manifest_of_a_megabyte_is_not_read(artifact: Artifact) -> None:
    (artifact.folder / "manifest.toml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(ArtifactInvalid, match="2097152 bytes, limit is 1048576"):
        read_artifact(artifact.folder)


def test_nothing_is_overwritten_unasked(artifact: Artifact, source: Path) -> None:
    with pytest.raises(ArgumentInvalid, match="exists already"):
        write_artifact(artifact.folder, MANIFEST, [("safetensors", source)])


def test_overwriting_replaces_the_model_and_keeps_what_is_beside_it(
    artifact: Artifact, tmp_path: Path
) -> None:
    (artifact.folder / "MODEL_CARD.md").write_text("a card")
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another network")

    new = write_artifact(
        artifact.folder,
        replace(MANIFEST, model_id="net-2"),
        [("onnx", other)],
        overwrite=True,
    )

    assert new.manifest.model_id == "net-2"
    names = sorted(path.name for path in artifact.folder.iterdir())
    assert names == ["MODEL_CARD.md", "manifest.toml", "other.onnx"]


def test_a_folder_that_is_no_artifact_is_never_replaced(tmp_path: Path, source: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"dear")
    with pytest.raises(ArgumentInvalid, match="is no model folder"):
        write_artifact(tmp_path / "photos", MANIFEST, [("safetensors", source)], overwrite=True)
    assert (tmp_path / "photos" / "one.jpg").exists()


@pytest.mark.parametrize("manifest", [replace(MANIFEST, model_id=""), replace(MANIFEST, scale=0)])
def test_a_manifest_that_could_not_be_read_is_not_written(
    tmp_path: Path, source: Path, manifest: Manifest
) -> None:
    with pytest.raises(ArtifactInvalid):
        write_artifact(tmp_path / "net", manifest, [("safetensors", source)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.safetensors"]


def test_a_missing_source_or_parent_is_named(tmp_path: Path, source: Path) -> None:
    with pytest.raises(FileMissing, match=r"model file .*none\.onnx"):
        write_artifact(tmp_path / "net", MANIFEST, [("onnx", tmp_path / "none.onnx")])
    with pytest.raises(FileMissing, match=r"folder .*nowhere does not exist"):
        write_artifact(tmp_path / "nowhere" / "net", MANIFEST, [("safetensors", source)])


@pytest.mark.parametrize(
    ("code", "wanted"), [(errno.ENOSPC, DiskFull), (errno.EIO, NotWritable)], ids=["full", "broken"]
)
def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    wanted: type[Exception],
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(module.shutil, "copyfile", fail)
    with pytest.raises(wanted):
        write_artifact(tmp_path / "net", MANIFEST, [("safetensors", source)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.safetensors"]


def test_the_manifest_is_replaced_without_touching_the_files(artifact: Artifact) -> None:
    write_manifest(artifact.folder, replace(artifact.manifest, licence="Apache-2.0"))
    assert read_artifact(artifact.folder).manifest.licence == "Apache-2.0"


def test_a_manifest_for_other_files_is_refused(artifact: Artifact) -> None:
    listed = replace(artifact.manifest.files[0], sha256="0" * 64)
    with pytest.raises(ArtifactInvalid, match="SHA-256"):
        write_manifest(artifact.folder, replace(artifact.manifest, files=(listed,)))


def test_the_default_model_lies_in_the_package() -> None:
    assert default_artifact_dir().parts[-3:] == ("facenet_res", "weights", "default")


@pytest.mark.parametrize("call", ["is_dir", "is_file", "stat", "read_bytes", "open"])
def test_a_folder_that_may_not_be_read_is_an_error_of_ours(artifact: Artifact, call: str) -> None:
    refusal = PermissionError(errno.EACCES, "Permission denied")
    with (
        mock.patch.object(Path, call, side_effect=refusal),
        pytest.raises(FileMissing, match=r"cannot read .*: Permission denied"),
    ):
        read_artifact(artifact.folder)


def test_a_place_that_may_not_be_written_is_an_error_of_ours(tmp_path: Path, source: Path) -> None:
    refusal = PermissionError(errno.EACCES, "Permission denied")
    with (
        mock.patch.object(module.tempfile, "TemporaryDirectory", side_effect=refusal),
        pytest.raises(NotWritable, match=r"cannot write .*net: Permission denied"),
    ):
        write_artifact(tmp_path / "net", MANIFEST, [("safetensors", source)])
