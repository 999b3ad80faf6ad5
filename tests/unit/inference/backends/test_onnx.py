"""ONNX Runtime: agreement with OpenVINO, and what it refuses."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact, Manifest, write_artifact
from facenet_res.core.errors import ArtifactInvalid, EngineFailed, EngineUnavailable
from facenet_res.core.manifest import ColourOrder, Layout
from facenet_res.inference.backends.onnx import OnnxBackend
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.open import open_embedder
from tests.artifacts import smooth_faces
from tests.onnx_files import write_onnx_artifact, write_prelu_file

pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra `onnx`)")


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("colour_order", ["RGB", "BGR"])
@pytest.mark.parametrize("batch", ["batch", 1, 4])
def test_it_agrees_with_openvino(
    tmp_path: Path, layout: Layout, colour_order: ColourOrder, batch: int | str
) -> None:
    folder = write_onnx_artifact(
        tmp_path / "model", layout=layout, colour_order=colour_order, batch=batch
    ).folder
    faces = smooth_faces(6, seed=1)

    by_onnx = open_embedder(folder, "onnx").embed(faces)
    by_openvino = open_embedder(folder, "openvino", precision="f32").embed(faces)

    np.testing.assert_allclose(by_onnx, by_openvino, atol=1e-5)


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = write_onnx_artifact(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineUnavailable, match=r"\[onnx\]"):
        OnnxBackend(artifact, BackendConfig())


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "text.onnx"
    source.write_bytes(b"no network")
    artifact = write_artifact(
        tmp_path / "model", Manifest(model_id="m", embedding_dim=8), [("onnx", source)]
    )
    with pytest.raises(ArtifactInvalid, match=r"cannot read .*text\.onnx"):
        OnnxBackend(artifact, BackendConfig())


def test_a_manifest_with_another_layout_is_refused(tmp_path: Path) -> None:
    artifact = write_onnx_artifact(tmp_path / "model", layout="NCHW")
    wrong = Artifact(artifact.folder, replace(artifact.manifest, layout="NHWC"))
    with pytest.raises(ArtifactInvalid, match=r"\[B, 112, 112, 3\] \(NHWC\)"):
        OnnxBackend(wrong, BackendConfig())


def test_a_manifest_with_another_length_is_refused(tmp_path: Path) -> None:
    artifact = write_onnx_artifact(tmp_path / "model", manifest_dim=512)
    with pytest.raises(ArtifactInvalid, match=r"the manifest says \[B, 512\]"):
        OnnxBackend(artifact, BackendConfig())


def test_the_number_of_threads_is_told(tmp_path: Path) -> None:
    artifact = write_onnx_artifact(tmp_path / "model")
    assert "2 threads" in OnnxBackend(artifact, BackendConfig(threads=2)).description


def test_a_provider_that_silently_gives_way_to_the_cpu_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This is how a machine without CUDA's libraries behaves: listed, and then not used.
    import onnxruntime

    artifact = write_onnx_artifact(tmp_path / "model")
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(EngineUnavailable, match="would not run on device gpu"),
    ):
        OnnxBackend(artifact, BackendConfig(engine="onnx", device="gpu"))


def test_an_error_of_the_runtime_names_the_model_s_file(tmp_path: Path) -> None:
    source = write_prelu_file(tmp_path / "odd.onnx", (5,))
    manifest = Manifest(model_id="odd-1", embedding_dim=16, layout="NCHW")
    artifact = write_artifact(tmp_path / "model", manifest, [("onnx", source)])
    backend = OnnxBackend(artifact, BackendConfig())

    with pytest.raises(EngineFailed, match=rf"cannot run {artifact.path_of('onnx')}: .*relu0"):
        backend.forward(smooth_faces(1, seed=0))
