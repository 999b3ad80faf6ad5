"""The graph equals the Keras network, and refuses weights that are not of one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.inference.iresnet_graph import iresnet_graph
from facenet_res.inference.open import open_embedder
from facenet_res.models.config import ModelConfig
from tests.artifacts import TINY, random_tensors, smooth_faces, write_random_artifact

CONFIG = ModelConfig(**TINY)


@pytest.mark.parametrize("stem", ["full", "half"])
@pytest.mark.parametrize("head", ["flatten", "gdc", "gap"])
def test_it_is_the_network_that_keras_builds(tmp_path: Path, stem: str, head: str) -> None:
    pytest.importorskip("keras", reason="needs Keras (extra `train`)")
    folder = write_random_artifact(tmp_path / "model", stem=stem, head=head).folder
    faces = smooth_faces(2, seed=3)

    by_keras = open_embedder(folder, "keras").embed(faces)
    by_graph = open_embedder(folder, "openvino", precision="f32").embed(faces)

    np.testing.assert_allclose(by_graph, by_keras, atol=2e-5)


def test_a_missing_weight_is_named() -> None:
    tensors = random_tensors(CONFIG, seed=0)
    del tensors["stage2_block1_bn2/gamma"]
    with pytest.raises(ArtifactInvalid, match="lack stage2_block1_bn2/gamma"):
        iresnet_graph(tensors, CONFIG.to_dict(), 112)


def test_a_weight_too_many_is_named() -> None:
    tensors = random_tensors(CONFIG, seed=0)
    tensors["stage9_block1_conv1/kernel"] = np.zeros((3, 3, 8, 8), np.float32)
    with pytest.raises(ArtifactInvalid, match=r"no place, such as .*stage9"):
        iresnet_graph(tensors, CONFIG.to_dict(), 112)


def test_a_gap_in_the_blocks_is_named() -> None:
    tensors = random_tensors(CONFIG, seed=0)
    del tensors["stage3_block1_conv1/kernel"]
    with pytest.raises(ArtifactInvalid, match=r"stage 3 has blocks \[2\]"):
        iresnet_graph(tensors, CONFIG.to_dict(), 112)


@pytest.mark.parametrize(
    ("key", "shape"),
    [("stem_conv/kernel", (3, 3, 3)), ("head_dense/kernel", (7, 64)), ("stem_bn/beta", (9,))],
)
def test_a_weight_of_another_shape_is_refused(key: str, shape: tuple[int, ...]) -> None:
    tensors = random_tensors(CONFIG, seed=0)
    tensors[key] = np.zeros(shape, np.float32)
    with pytest.raises(ArtifactInvalid):
        iresnet_graph(tensors, CONFIG.to_dict(), 112)


def test_a_weight_that_is_not_finite_is_named() -> None:
    tensors = random_tensors(CONFIG, seed=0)
    tensors["head_dense/bias"][3] = np.inf
    with pytest.raises(ArtifactInvalid, match="head_dense/bias holds a value that is not finite"):
        iresnet_graph(tensors, CONFIG.to_dict(), 112)


@pytest.mark.parametrize("change", [{"family": "vit"}, {"stem": "quarter"}, {"head": "mlp"}])
def test_an_unknown_network_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ArtifactInvalid, match="no such network"):
        iresnet_graph(random_tensors(CONFIG, 0), {**CONFIG.to_dict(), **change}, 112)
