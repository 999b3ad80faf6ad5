"""The family is the published one: same parameters, same work, same grid."""

import keras
import numpy as np
import pytest

from facenet_res.models.build import build_model
from facenet_res.models.complexity import complexity
from facenet_res.models.config import ModelConfig

# Source: the table of deepinsight/insightface's published networks.
PUBLISHED = {18: (24_025_600, 2.61), 34: (34_139_328, 4.46), 50: (43_590_848, 6.31)}


@pytest.mark.parametrize("depth", PUBLISHED)
def test_parameters_equal_and_macs_are_within_a_percent_of_the_published(depth: int) -> None:
    config = ModelConfig(depth=depth)

    counted = complexity(build_model(config), config)

    parameters, gmacs = PUBLISHED[depth]
    assert counted.parameters == parameters
    assert counted.macs / 1e9 == pytest.approx(gmacs, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "parameters", "gmacs"), [(100, 65_156_160, 12.09), (200, 118_833_920, 23.42)]
)
def test_the_deep_ones_too(depth: int, parameters: int, gmacs: float) -> None:
    config = ModelConfig(depth=depth)

    counted = complexity(build_model(config), config)

    assert counted.parameters == parameters
    assert counted.macs / 1e9 == pytest.approx(gmacs, rel=0.01)


@pytest.mark.parametrize("head", ["flatten", "gdc", "gap"])
@pytest.mark.parametrize("stem", ["full", "half"])
def test_every_head_and_stem_ends_at_seven_by_seven(head: str, stem: str) -> None:
    config = ModelConfig(depth=18, width=0.125, stem=stem, head=head, embedding_dim=64)

    model = build_model(config)

    assert model.get_layer("head_bn").output.shape == (None, 7, 7, 64)
    assert model.output_shape == (None, 64)


def test_a_stride_of_two_pads_both_sides_alike() -> None:
    # given the first block's convolution alone, summing its 3x3 neighbourhood
    model = build_model(ModelConfig(depth=18, width=0.125, embedding_dim=64))
    pad, conv = (model.get_layer(f"stage1_block1_{n}") for n in ("conv2_pad", "conv2"))
    conv.kernel.assign(np.ones(conv.kernel.shape, np.float32))
    image = np.zeros((1, 112, 112, 8), np.float32)
    image[0, 0, 0] = 1.0

    summed = np.asarray(keras.ops.convert_to_numpy(conv(pad(image))))

    # then the corner pixel lies in the first window only: `same` would give (0, 0) to nobody else
    assert summed[0, 0, 0, 0] == 8.0
    assert summed.sum() == 8.0 * 8


def test_the_skip_carries_the_input_when_the_branch_is_silent() -> None:
    model = build_model(ModelConfig(depth=18, width=0.125, embedding_dim=64))
    block = "stage1_block2"
    # given F(x) = 0: the last BN of the block multiplies by nothing
    model.get_layer(f"{block}_bn3").gamma.assign(np.zeros(8, np.float32))
    before, after = (model.get_layer(f"{name}_add").output for name in ("stage1_block1", block))
    probe = keras.Model(model.input, [before, after])
    faces = np.random.default_rng(0).normal(size=(2, 112, 112, 3)).astype(np.float32)

    x, y = probe(faces, training=False)

    np.testing.assert_array_equal(keras.ops.convert_to_numpy(x), keras.ops.convert_to_numpy(y))
