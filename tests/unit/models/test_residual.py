"""A block is F(x) + x: silent F leaves x, and without the skip nothing is left."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from facenet_res.models.plan import Place
from facenet_res.models.residual import (
    PaddedShortcut,
    basic_block,
    bottleneck_block,
    preact_block,
)

SIDE_PX, CHANNELS = 6, 16
BlockFunction = Callable[[Any, Place, Any], Any]
# The last layer of F, whose weights of zero silence it.
LAST_OF_F = {basic_block: "b_bn2", bottleneck_block: "b_bn3", preact_block: "b_conv3"}

each_block = pytest.mark.parametrize("block", LAST_OF_F, ids=lambda block: block.__name__)


def built(block: BlockFunction, skip: str, channels: int = CHANNELS, stride: int = 1) -> Any:
    x = keras.Input((SIDE_PX, SIDE_PX, CHANNELS))
    return keras.Model(x, block(x, Place(1, "b", channels, stride), skip))


def silenced(model: Any, block: BlockFunction) -> Any:
    for weight in model.get_layer(LAST_OF_F[block]).trainable_weights:
        weight.assign(np.zeros(weight.shape, np.float32))
    return model


def maps(block: BlockFunction) -> NDArray[np.float32]:
    """Such as a block gets: after ReLU, but before it where the activation comes first."""
    x = np.random.default_rng(0).normal(size=(2, SIDE_PX, SIDE_PX, CHANNELS)).astype(np.float32)
    return x if block is preact_block else np.maximum(x, 0)


def outputs(model: Any, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(model(x, training=False)))


@each_block
@pytest.mark.parametrize("skip", ["padding", "projection"])
def test_a_silent_branch_gives_the_input_back_bit_by_bit(block: BlockFunction, skip: str) -> None:
    x = maps(block)

    y = outputs(silenced(built(block, skip), block), x)

    np.testing.assert_array_equal(y, x)


@each_block
def test_without_the_skip_a_silent_branch_gives_nothing(block: BlockFunction) -> None:
    y = outputs(silenced(built(block, "none"), block), maps(block))

    np.testing.assert_array_equal(y, np.zeros_like(y))


@each_block
def test_the_skip_is_all_that_differs_from_the_plain_block(block: BlockFunction) -> None:
    x = maps(block)
    residual, plain = built(block, "padding"), built(block, "none")
    plain.set_weights(residual.get_weights())

    y, f = outputs(residual, x), outputs(plain, x)

    if block is preact_block:
        np.testing.assert_allclose(y, f + x, atol=1e-6)
    else:
        # Where F(x) > 0 its ReLU kept it whole.
        np.testing.assert_allclose(y[f > 0], (f + x)[f > 0], atol=1e-6)


@each_block
@pytest.mark.parametrize("skip", ["none", "padding", "projection"])
@pytest.mark.parametrize("stride", [1, 2])
def test_every_skip_fits_the_shape_of_the_branch(
    block: BlockFunction, skip: str, stride: int
) -> None:
    model = built(block, skip, channels=32, stride=stride)

    assert model.output_shape == (None, SIDE_PX // stride, SIDE_PX // stride, 32)


def test_padding_keeps_every_other_place_and_adds_zeros_without_weights() -> None:
    x = np.random.default_rng(1).normal(size=(2, 5, 6, 3)).astype(np.float32)
    layer = PaddedShortcut(channels=8, stride=2)

    y = np.asarray(keras.ops.convert_to_numpy(layer(x)))

    np.testing.assert_array_equal(y[..., :3], x[:, ::2, ::2])
    np.testing.assert_array_equal(y[..., 3:], np.zeros((2, 3, 3, 5)))
    assert y.shape == layer.compute_output_shape(x.shape)
    assert layer.weights == []
    assert PaddedShortcut.from_config(layer.get_config()).get_config() == layer.get_config()


def test_a_silent_preactivation_unit_that_widens_gives_the_projection_of_what_is_activated() -> (
    None
):
    model = silenced(built(preact_block, "projection", channels=32), preact_block)
    x = maps(preact_block)

    y = outputs(model, x)

    kernel = np.asarray(model.get_layer("b_shortcut_conv").kernel)[0, 0]
    activated = np.maximum(x / np.sqrt(1 + 1e-5), 0)
    np.testing.assert_allclose(y, activated @ kernel, atol=1e-5)


def test_layers_of_one_shape_start_with_different_weights_of_he_s_deviation() -> None:
    model = built(basic_block, "padding")

    first, second = (np.asarray(model.get_layer(f"b_conv{n}").kernel) for n in (1, 2))

    assert not np.array_equal(first, second)
    assert first.std() == pytest.approx(np.sqrt(2 / (9 * CHANNELS)), rel=0.1)
