"""The detector in OpenVINO computes what Keras computes."""

from pathlib import Path

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.openvino_runtime import ov
from facenet_res.inference.detector_graph import compile_detector, detector_graph
from facenet_res.models.anchor_free import build_detector
from facenet_res.models.checkpoint import read_tensors, save_weights
from facenet_res.models.classifier_config import ClassifierConfig

CONFIG = ClassifierConfig(depth=18, width=0.25)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    model = build_detector(CONFIG)
    rng = np.random.default_rng(0)
    for variable in model.weights:
        if "variance" in variable.name or variable.name == "gamma":
            variable.assign(rng.uniform(0.5, 1.0, variable.shape).astype(np.float32))
        elif "mean" in variable.name or variable.name == "beta":
            variable.assign(rng.normal(0, 0.1, variable.shape).astype(np.float32))
    return model


@pytest.fixture
def weights(network: keras.Model, tmp_path: Path) -> Path:
    path = tmp_path / "detector.safetensors"
    save_weights(network, path, CONFIG)
    return path


@pytest.mark.parametrize("size", [(64, 96), (32, 64)])
def test_both_descriptions_agree(
    size: tuple[int, int], network: keras.Model, weights: Path
) -> None:
    images = np.random.default_rng(1).integers(0, 256, (1, *size, 3), np.uint8)
    wanted = keras.ops.convert_to_numpy(network((images.astype(np.float32) - 127.5) / 127.5))
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    graph = detector_graph(read_tensors(weights))
    found = ov.Core().compile_model(graph, "CPU", exact)(images)[0]
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()


def test_a_file_is_compiled(weights: Path) -> None:
    outputs = compile_detector(weights)(np.zeros((1, 32, 32, 3), np.uint8))
    assert outputs.shape == (1, 21, 15)


def test_absent_damaged_and_foreign_files_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="none"):
        compile_detector(tmp_path / "none.safetensors")
    tensors = read_tensors(weights)
    del tensors["c4_head/kernel"]
    with pytest.raises(ArtifactInvalid, match="lack c4_head/kernel"):
        detector_graph(tensors)
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(ArtifactInvalid, match="corrupt"):
        compile_detector(weights)
