"""Precision, foreign networks and damaged files under OpenVINO."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact, described_file
from facenet_res.core.errors import ArtifactInvalid, EngineUnavailable
from facenet_res.core.openvino_runtime import ov
from facenet_res.inference.backends import openvino as module
from facenet_res.inference.backends.openvino import OpenvinoBackend
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.open import open_embedder
from tests.artifacts import smooth_faces, write_random_artifact
from tests.onnx_files import write_onnx_artifact

HAS_BF16 = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@pytest.mark.skipif(not HAS_BF16, reason="this CPU does not compute in bf16")
def test_bf16_stays_close_to_f32(tmp_path: Path) -> None:
    folder = write_random_artifact(tmp_path / "model").folder
    faces = smooth_faces(16, seed=4)

    exact, rounded = (open_embedder(folder, precision=p).embed(faces) for p in ("f32", "bf16"))

    assert (exact * rounded).sum(axis=1).min() > 0.999
    assert np.abs(exact - rounded).max() > 1e-6, "bf16 was asked for and not used"


@pytest.mark.skipif(not HAS_BF16, reason="this CPU does not compute in bf16")
def test_auto_takes_bf16_for_our_networks_only(tmp_path: Path) -> None:
    ours = open_embedder(write_random_artifact(tmp_path / "ours").folder)
    foreign = open_embedder(write_onnx_artifact(tmp_path / "foreign").folder)

    assert "bf16" in ours.description
    assert "f32" in foreign.description


def test_bf16_on_a_cpu_without_it_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OldCpu:
        available_devices = ("CPU",)

        def get_property(self, device: str, name: str) -> list[str]:
            return ["FP32", "INT8"]

    artifact = write_random_artifact(tmp_path / "model")
    monkeypatch.setattr(module.ov, "Core", OldCpu)
    with pytest.raises(EngineUnavailable, match="does not compute in bf16"):
        OpenvinoBackend(artifact, BackendConfig(precision="bf16"))


def test_the_number_of_threads_is_told(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    assert "1 threads" in OpenvinoBackend(artifact, BackendConfig(threads=1)).description


def test_bgr_networks_get_the_channels_swapped(tmp_path: Path) -> None:
    rgb = open_embedder(write_onnx_artifact(tmp_path / "rgb").folder)
    bgr = open_embedder(write_onnx_artifact(tmp_path / "bgr", colour_order="BGR").folder)
    faces = smooth_faces(2, seed=5)

    np.testing.assert_allclose(bgr.embed(faces), rgb.embed(faces[..., ::-1]), atol=1e-6)


def test_nhwc_and_nchw_networks_agree(tmp_path: Path) -> None:
    nchw = open_embedder(write_onnx_artifact(tmp_path / "nchw").folder)
    nhwc = open_embedder(write_onnx_artifact(tmp_path / "nhwc", layout="NHWC").folder)
    faces = smooth_faces(2, seed=6)

    np.testing.assert_allclose(nhwc.embed(faces), nchw.embed(faces), atol=1e-6)


def test_a_manifest_with_another_layout_is_refused(tmp_path: Path) -> None:
    artifact = write_onnx_artifact(tmp_path / "model", layout="NCHW")
    wrong = Artifact(artifact.folder, replace(artifact.manifest, layout="NHWC"))
    with pytest.raises(ArtifactInvalid, match=r"one input of shape .*NHWC"):
        OpenvinoBackend(wrong, BackendConfig())


def test_a_manifest_with_another_length_is_refused(tmp_path: Path) -> None:
    artifact = write_onnx_artifact(tmp_path / "model", manifest_dim=512)
    with pytest.raises(ArtifactInvalid, match=r"returns .*8.*the manifest says \[\?,512\]"):
        OpenvinoBackend(artifact, BackendConfig())


def test_an_onnx_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no network")
    artifact = write_onnx_artifact(tmp_path / "artifact")
    listed = described_file(tmp_path / "model.onnx", "onnx")
    wrong = Artifact(tmp_path, replace(artifact.manifest, files=(listed,)))
    with pytest.raises(ArtifactInvalid, match=r"cannot read .*model\.onnx"):
        OpenvinoBackend(wrong, BackendConfig())


def test_a_safetensors_file_that_is_none_is_refused(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    artifact.path_of("safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(ArtifactInvalid, match=r"model\.safetensors is corrupt"):
        OpenvinoBackend(artifact, BackendConfig(is_cached=False))


def test_a_closed_backend_is_not_used(tmp_path: Path) -> None:
    backend = OpenvinoBackend(write_random_artifact(tmp_path / "model"), BackendConfig())
    backend.close()
    with pytest.raises(AssertionError, match="closed"):
        backend.forward(smooth_faces(1, seed=0))
