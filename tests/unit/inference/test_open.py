"""Which engine is opened for what, and which is not even imported."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid, FileMissing
from facenet_res.inference.config import BackendConfig, Device, Engine, Precision
from facenet_res.inference.open import open_backend, open_embedder
from tests.artifacts import write_random_artifact


def test_auto_is_openvino_and_loads_neither_keras_nor_tensorflow(tmp_path: Path) -> None:
    write_random_artifact(tmp_path / "model")
    program = (
        "import sys, pathlib, numpy\n"
        "from facenet_res.inference.open import open_embedder\n"
        "embedder = open_embedder(pathlib.Path(sys.argv[1]))\n"
        "embedder.embed(numpy.zeros((1, 112, 112, 3), 'uint8'))\n"
        "heavy = {'keras', 'tensorflow', 'torch', 'onnxruntime'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nowhere"):
        open_embedder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("engine", "device", "precision", "said"),
    [
        ("onnx", "auto", "bf16", "onnx on cpu computes in f32"),
        ("onnx", "cpu", "f16", "onnx on cpu computes in f32"),
        ("keras", "auto", "int8", "keras on cpu or gpu computes in bf16 or f16 or f32"),
        ("openvino", "tensorrt", "auto", "openvino runs on cpu or gpu, got device 'tensorrt'"),
    ],
)
def test_what_an_engine_does_not_offer_is_refused(
    tmp_path: Path, engine: Engine, device: Device, precision: Precision, said: str
) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    with pytest.raises(ConfigInvalid, match=said):
        open_backend(artifact, BackendConfig(engine=engine, device=device, precision=precision))


def test_faces_of_another_size_are_refused(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    other = Artifact(artifact.folder, replace(artifact.manifest, input_side_px=160))
    with pytest.raises(ArtifactInvalid, match="160 px faces, we align to 112"):
        open_backend(other)


def test_an_engine_without_a_file_it_reads_says_which_are_there(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    with pytest.raises(ArtifactInvalid, match=r"no file of format onnx.*safetensors"):
        open_backend(artifact, BackendConfig(engine="onnx"))
