"""dlib's form of the ResNet: its shapes, and the same function in Keras, OpenVINO and ONNX."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid
from facenet_res.core.openvino_runtime import ov
from facenet_res.inference.openvino_network import graph_of_weights
from facenet_res.models.build import build_model
from facenet_res.models.catalogue import networks
from facenet_res.models.checkpoint import load_weights, named_variables, save_weights
from facenet_res.models.config import ModelConfig
from tests.artifacts import smooth_faces

SMALL = ModelConfig(family="dlib_resnet", depth=29, width=0.25, head="gap", embedding_dim=64)


def random_network(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = build_model(SMALL)
    rng = np.random.default_rng(seed)
    for name, variable in named_variables(model).items():
        if "_bn" in name:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def network_input(count: int) -> np.ndarray:
    return (smooth_faces(count, seed=3).astype(np.float32) - 127.5) / 127.5


def test_it_has_the_published_size() -> None:
    complexity = next(n.complexity for n in networks() if n.name == "dlib-resnet29")

    assert complexity.parameters == 5_611_168
    assert complexity.macs == 270_854_144


def test_the_serving_graph_computes_what_keras_computes(tmp_path: Path) -> None:
    model = random_network(0)
    save_weights(model, tmp_path / "w.safetensors", SMALL)
    graph = graph_of_weights(tmp_path / "w.safetensors", 112)
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    by_graph = compiled([network_input(3)])[0]

    by_keras = np.asarray(model.predict_on_batch(network_input(3)))
    assert by_keras.std(axis=0).max() > 1e-3
    np.testing.assert_allclose(by_graph, by_keras, rtol=1e-3, atol=1e-4)


def test_weights_that_are_missing_or_too_many_are_named(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    save_weights(random_network(0), tmp_path / "w.safetensors", SMALL)
    tensors = load_file(tmp_path / "w.safetensors")
    config = {"config": json.dumps(SMALL.to_dict())}
    for change, words in (
        ({"stage3_block1_bn2/gamma": None}, "lack stage3_block1_bn2/gamma"),
        ({"stem_prelu/alpha": np.zeros(8, np.float32)}, "no place, such as .*stem_prelu"),
        ({"stage2_block3_conv1/kernel": None}, r"stage 2 has blocks \[1, 2, 4\]"),
    ):
        changed = {key: value for key, value in {**tensors, **change}.items() if value is not None}
        save_file(changed, tmp_path / "changed.safetensors", config)
        with pytest.raises(ArtifactInvalid, match=words):
            graph_of_weights(tmp_path / "changed.safetensors", 112)


def test_weights_of_keras_come_back(tmp_path: Path) -> None:
    one, other = random_network(0), random_network(1)
    save_weights(one, tmp_path / "w.safetensors", SMALL)

    load_weights(other, tmp_path / "w.safetensors")

    faces = network_input(2)
    np.testing.assert_array_equal(one.predict_on_batch(faces), other.predict_on_batch(faces))


@pytest.mark.parametrize("change", [{"depth": 18}, {"stem": "half"}, {"head": "flatten"}])
def test_a_shape_that_it_has_not_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(change))):
        ModelConfig(**{**SMALL.to_dict(), **change})
