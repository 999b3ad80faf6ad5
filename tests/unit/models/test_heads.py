"""Each head computes what its name says, against NumPy, for embeddings of 64 to 1024 values."""

from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from facenet_res.models.build import build_model
from facenet_res.models.census import census
from facenet_res.models.complexity import complexity
from facenet_res.models.config import EMBEDDING_DIM_MAX, EMBEDDING_DIM_MIN, ModelConfig
from facenet_res.models.heads import embedding_head

SIDE_PX, CHANNELS, DIM = 7, 16, 64
BN = np.sqrt(1 + 1e-5)  # what a fresh batch norm divides by
HEADS = ("flatten", "gdc", "gap")
Array = NDArray[np.float32]


def built(head: str, dropout: float = 0.0) -> Any:
    maps = keras.Input((SIDE_PX, SIDE_PX, CHANNELS))
    config = ModelConfig(head=head, embedding_dim=DIM, dropout=dropout)
    return keras.Model(maps, embedding_head(maps, config))


def maps() -> Array:
    return np.random.default_rng(0).normal(size=(3, SIDE_PX, SIDE_PX, CHANNELS)).astype(np.float32)


def values(tensor: Any) -> Array:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def pooled(model: Any, head: str, x: Array) -> Array:
    """The vector that the dense layer gets."""
    if head == "flatten":
        return x.reshape(len(x), -1)
    if head == "gap":
        return x.mean(axis=(1, 2))
    kernel = values(model.get_layer("head_depthwise").kernel)[..., 0]
    return (x * kernel).sum(axis=(1, 2)) / BN


@pytest.mark.parametrize("head", HEADS)
def test_a_head_is_its_formula(head: str) -> None:
    model, x = built(head), maps()

    embeddings = values(model(x, training=False))

    dense = model.get_layer("head_dense")
    expected = pooled(model, head, x / BN) @ values(dense.kernel) + values(dense.bias)
    np.testing.assert_allclose(embeddings, expected / BN, atol=1e-4)


@pytest.mark.parametrize("head", HEADS)
def test_the_last_batch_norm_has_no_scale(head: str) -> None:
    names = [weight.name for weight in built(head).get_layer("embedding").trainable_weights]
    assert names == ["beta"]


def test_dropout_works_in_training_alone() -> None:
    model, x = built("flatten", dropout=0.5), maps()
    probe = keras.Model(model.input, model.get_layer("head_dropout").output)

    trained, served = (values(probe(x, training=training)) for training in (True, False))

    assert 0.4 < (trained == 0).mean() < 0.6
    assert (served != 0).all()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("dim", [EMBEDDING_DIM_MIN, EMBEDDING_DIM_MAX])
def test_the_shortest_and_the_longest_embedding_are_built(head: str, dim: int) -> None:
    config = ModelConfig(depth=18, width=0.125, stem="half", head=head, embedding_dim=dim)

    model = build_model(config)

    assert model.output_shape == (None, dim)
    assert complexity(model, config) == census(config)
