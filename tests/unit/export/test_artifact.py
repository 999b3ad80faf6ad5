"""From a checkpoint to a folder that serves the same embeddings, or to nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from facenet_res.core.artifact import Artifact, read_artifact
from facenet_res.core.errors import (
    ArgumentInvalid,
    ArtifactInvalid,
    ConfigInvalid,
    EngineUnavailable,
    FileMissing,
    ModelMismatch,
)
from facenet_res.core.manifest import Threshold
from facenet_res.export import artifact as artifact_module
from facenet_res.export import onnx as onnx_module
from facenet_res.export.artifact import ExportConfig, export_artifact
from facenet_res.inference.open import open_embedder
from facenet_res.models.checkpoint import read_config
from tests.artifacts import smooth_faces, write_random_artifact

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"  # Keras' own
)

BOTH = ExportConfig(
    name="tiny",
    formats=("safetensors", "openvino"),
    thresholds=(Threshold(1e-3, 0.3, 0.28, 0.33),),
    loss="arcface",
    training="recipe tiny",
    licence="Apache-2.0",
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("run") / "model").path_of("safetensors")


@pytest.fixture(scope="module")
def exported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return export_artifact(weights, tmp_path_factory.mktemp("export") / "out", BOTH)


def test_both_of_our_formats_serve_the_checkpoints_embeddings(
    exported: Artifact, weights: Path
) -> None:
    faces = smooth_faces(3, seed=2)

    wanted = open_embedder(weights.parent, precision="f32").embed(faces)
    got = open_embedder(exported.folder, precision="f32").embed(faces)

    assert (wanted * got).sum(axis=1).min() > 0.9999
    assert [file.format for file in exported.manifest.files] == [
        "safetensors",
        "openvino",
        "openvino_weights",
    ]


def test_the_manifest_tells_what_was_exported(exported: Artifact, weights: Path) -> None:
    manifest = exported.manifest
    assert manifest.network == read_config(weights).to_dict()
    assert manifest.threshold_at(1e-3).similarity == 0.3
    assert (manifest.loss, manifest.training) == ("arcface", "recipe tiny")


def test_thresholds_of_other_embeddings_are_refused(
    exported: Artifact, weights: Path, tmp_path: Path
) -> None:
    measured = exported.manifest.model_id
    again = replace(BOTH, name="renamed", formats=("safetensors",), thresholds_of=measured)

    renamed = export_artifact(weights, tmp_path / "renamed", again)

    assert renamed.manifest.thresholds == BOTH.thresholds
    for other in (replace(again, mirror=True), replace(again, thresholds_of="tiny-0123456789ab")):
        with pytest.raises(ModelMismatch, match="the thresholds were measured on tiny-"):
            export_artifact(weights, tmp_path / "other", other)
    assert not (tmp_path / "other").exists()


def test_a_mirrored_model_has_another_id_and_adds_the_mirror_image(
    exported: Artifact, weights: Path, tmp_path: Path
) -> None:
    mirrored = export_artifact(weights, tmp_path / "out", replace(BOTH, mirror=True))
    faces = smooth_faces(3, seed=2)

    with open_embedder(exported.folder, precision="f32", flip=True) as embedder:
        wanted = embedder.embed(faces)
    with open_embedder(mirrored.folder, precision="f32") as embedder:
        got = embedder.embed(faces)

    assert mirrored.manifest.model_id == f"{exported.manifest.model_id}-mirrored"
    np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_the_file_is_half_the_size(exported: Artifact, weights: Path) -> None:
    assert exported.manifest.files[0].bytes < 0.52 * weights.stat().st_size


def test_equal_weights_have_an_equal_id_and_others_another(
    exported: Artifact, tmp_path: Path, weights: Path
) -> None:
    other = write_random_artifact(tmp_path / "other", seed=1).path_of("safetensors")
    config = ExportConfig(name="tiny")

    same_id, other_id = (
        export_artifact(source, tmp_path / f"out{n}", config).manifest.model_id
        for n, source in enumerate((weights, other))
    )

    assert exported.manifest.model_id.startswith("tiny-")
    assert same_id == exported.manifest.model_id != other_id


def test_without_parity_nothing_is_written(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_another_network(compact: Path) -> list[Any]:
        other = write_random_artifact(compact.parent / "other", seed=9).path_of("safetensors")
        moved = other.rename(compact.with_name("another.safetensors"))
        return [("safetensors", moved)]

    monkeypatch.setitem(
        artifact_module._WRITERS, "openvino", lambda _, compact: write_another_network(compact)
    )
    with pytest.raises(ArtifactInvalid, match="does not return Keras' embeddings"):
        export_artifact(weights, tmp_path / "out", BOTH)
    assert list(tmp_path.iterdir()) == []


def test_a_weight_beyond_half_precision_is_named(tmp_path: Path, weights: Path) -> None:
    tensors = load_file(weights)
    tensors["stem_conv/kernel"] = np.full_like(tensors["stem_conv/kernel"], 1e5)
    config = {"config": json.dumps(read_config(weights).to_dict())}
    save_file(tensors, tmp_path / "huge.safetensors", config)
    with pytest.raises(ArtifactInvalid, match="stem_conv/kernel"):
        export_artifact(tmp_path / "huge.safetensors", tmp_path / "out", ExportConfig(name="t"))
    assert not (tmp_path / "out").exists()


def test_a_place_that_is_taken_is_kept(exported: Artifact, weights: Path) -> None:
    with pytest.raises(ArgumentInvalid, match="exists already"):
        export_artifact(weights, exported.folder, ExportConfig(name="second"))
    assert read_artifact(exported.folder).manifest == exported.manifest


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.safetensors"):
        export_artifact(tmp_path / "none.safetensors", tmp_path / "out", ExportConfig(name="t"))


@pytest.mark.parametrize("formats", [(), ("onnx", "onnx"), ("caffe",)])
def test_formats_that_cannot_be_are_refused(formats: Any) -> None:
    with pytest.raises(ConfigInvalid, match="formats must be some of"):
        ExportConfig(name="t", formats=formats)


def test_onnx_without_its_packages_names_the_extra(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_module, "PACKAGES", ("onnx", "surely_not_installed"))
    with pytest.raises(EngineUnavailable, match=r"surely_not_installed.*\[onnx\]"):
        export_artifact(weights, tmp_path / "out", ExportConfig(name="t", formats=("onnx",)))


@pytest.mark.filterwarnings("ignore")
def test_tensorflows_formats_are_checked_and_listed(tmp_path: Path, weights: Path) -> None:
    formats = ("safetensors", "saved_model", "tflite")
    exported = export_artifact(weights, tmp_path / "out", ExportConfig(name="t", formats=formats))

    listed = {file.name: file.format for file in exported.manifest.files}
    assert listed["saved_model/saved_model.pb"] == "saved_model"
    assert listed["saved_model/variables/variables.index"] == "saved_model"
    assert listed["model.tflite"] == "tflite"
    (exported.folder / "saved_model" / "variables" / "variables.index").write_bytes(b"other")
    with pytest.raises(ArtifactInvalid, match=r"variables\.index"):
        read_artifact(exported.folder)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file_format", ["saved_model", "tflite"])
def test_without_tensorflows_parity_nothing_is_written(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, file_format: Any
) -> None:
    monkeypatch.setattr("facenet_res.export.tensorflow.PIXEL_MEAN", 60.0)
    with pytest.raises(ArtifactInvalid, match=f"the {file_format} export does not return"):
        export_artifact(weights, tmp_path / "out", ExportConfig(name="t", formats=(file_format,)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_onnx_serves_the_checkpoints_embeddings(tmp_path: Path, weights: Path) -> None:
    pytest.importorskip("tf2onnx", reason="needs tf2onnx (extra `onnx`)")
    export_artifact(weights, tmp_path / "out", ExportConfig(name="t", formats=("onnx",)))

    faces = smooth_faces(3, seed=2)
    wanted = open_embedder(weights.parent, precision="f32").embed(faces)
    for engine in ("onnx", "openvino"):
        got = open_embedder(tmp_path / "out", engine, precision="f32").embed(faces)
        assert (wanted * got).sum(axis=1).min() > 0.9999
