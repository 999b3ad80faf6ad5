"""dlib's published weights become ours with the same function; every other file is refused."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from facenet_res.core.dlib import weights
from facenet_res.core.dlib.weights import dlib_tensors, write_dlib_weights
from facenet_res.core.errors import ArtifactInvalid, EngineUnavailable
from facenet_res.core.model_names import dlib_file
from facenet_res.models.blocks import BN_EPSILON
from facenet_res.models.config import ModelConfig
from facenet_res.models.depths import DLIB_BLOCKS, DLIB_CHANNELS
from tests.artifacts import smooth_faces
from tests.dlib_files import write_small_network


@pytest.fixture(scope="module")
def published() -> Path:
    try:
        return dlib_file()
    except EngineUnavailable as error:
        pytest.skip(str(error))


def test_the_constants_are_those_of_the_network() -> None:
    assert (weights.BLOCKS, weights.CHANNELS) == (DLIB_BLOCKS, DLIB_CHANNELS)
    assert weights.BN_EPSILON == BN_EPSILON
    assert ModelConfig.from_dict(weights.CONFIG).to_dict() == weights.CONFIG


def test_another_network_is_refused(tmp_path: Path) -> None:
    path = write_small_network(tmp_path / "small.dat")

    with pytest.raises(ArtifactInvalid, match="another network than dlib_face_recognition"):
        write_dlib_weights(path, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_the_published_file_cut_off_or_with_nan_is_refused(published: Path, tmp_path: Path) -> None:
    whole = published.read_bytes()
    # The first tensor's values begin within the first 10,000 bytes.
    spoiled = bytearray(whole)
    spoiled[100_000:100_200] = b"\xff" * 200
    for data, words in ((whole[:-1], "cut off"), (bytes(spoiled), "no finite numbers")):
        (tmp_path / "bad.dat").write_bytes(data)
        with pytest.raises(ArtifactInvalid, match=words):
            dlib_tensors(tmp_path / "bad.dat")


def test_the_weights_compute_what_the_onnx_form_computes(published: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("onnx") is None:
        pytest.skip("needs onnx (extra `onnx`)")
    from facenet_res.convert.dlib_teacher import write_dlib_teacher
    from facenet_res.core.openvino_runtime import ov
    from facenet_res.inference.openvino_network import graph_of_weights

    write_dlib_teacher(published, tmp_path / "dlib.onnx")
    write_dlib_weights(published, tmp_path / "dlib.safetensors")
    faces = (smooth_faces(8, seed=1).astype(np.float32) - 127.5) / 127.5

    def computed(model: Any, x: np.ndarray) -> np.ndarray:
        compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        rows = np.asarray(compiled([x])[0])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    ours = computed(graph_of_weights(tmp_path / "dlib.safetensors", 112), faces)
    channels_first = np.ascontiguousarray(faces.transpose(0, 3, 1, 2))
    theirs = computed(ov.Core().read_model(tmp_path / "dlib.onnx"), channels_first)

    assert (ours * theirs).sum(axis=1).min() > 0.99999
    with safe_open(tmp_path / "dlib.safetensors", framework="numpy") as file:
        assert json.loads(file.metadata()["config"]) == weights.CONFIG
