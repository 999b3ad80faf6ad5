"""Classifiers and pyramids of the shapes that they promise, up to a thousand layers."""

import sys
from typing import Any

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.classifier import PYRAMID_STRIDES, build_classifier, build_pyramid
from facenet_res.models.classifier_config import ClassifierConfig


def images(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def names_and_shapes(model: Any) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (f"{layer.name}/{weight.name}", tuple(weight.shape))
        for layer in model.layers
        for weight in layer.weights
    ]


@pytest.mark.parametrize(("family", "depth"), [("cifar_resnet", 8), ("cifar_preact", 11)])
@pytest.mark.parametrize("is_plain", [False, True])
def test_images_become_finite_logits(family: str, depth: int, is_plain: bool) -> None:
    config = ClassifierConfig(family=family, depth=depth, is_plain=is_plain, classes=7)
    model = build_classifier(config)

    logits = np.asarray(keras.ops.convert_to_numpy(model(images(2, 32, 32, 3), training=True)))

    assert logits.shape == (2, 7)
    assert np.isfinite(logits).all()
    assert logits.std() > 0


def test_plain_and_residual_cifar_networks_hold_the_same_weights() -> None:
    residual, plain = (
        build_classifier(ClassifierConfig(family="cifar_resnet", depth=14, is_plain=is_plain))
        for is_plain in (False, True)
    )

    assert names_and_shapes(plain) == names_and_shapes(residual)
    assert not any(isinstance(layer, keras.layers.Add) for layer in plain.layers)
    assert sum(isinstance(layer, keras.layers.Add) for layer in residual.layers) == 6


@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 97), (33, 32)])
def test_a_pyramid_s_maps_lie_at_their_strides_for_any_size(height: int, width: int) -> None:
    model = build_pyramid(ClassifierConfig(depth=18))

    maps = model(images(1, height, width, 3), training=False)

    for channels, (level, stride) in zip((64, 128, 256, 512), PYRAMID_STRIDES.items(), strict=True):
        assert maps[level].shape == (1, -(-height // stride), -(-width // stride), channels)


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_bottleneck_s_pyramid_has_four_times_the_channels(is_plain: bool) -> None:
    model = build_pyramid(ClassifierConfig(depth=50, is_plain=is_plain))

    channels = [layer_map.shape[-1] for layer_map in model.outputs]

    assert channels == [256, 512, 1024, 2048]


@pytest.mark.parametrize("family", ["cifar_resnet", "cifar_preact"])
def test_a_network_without_the_levels_makes_no_pyramid(family: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"'resnet', got '{family}'"):
        build_pyramid(ClassifierConfig(family=family, depth=20))


def test_building_leaves_the_recursion_limit_as_it_was() -> None:
    before = sys.getrecursionlimit()

    build_classifier(ClassifierConfig(family="cifar_resnet", depth=8, classes=2))

    assert sys.getrecursionlimit() == before


@pytest.mark.slow
def test_a_thousand_and_one_layers_carry_the_input_to_the_classes() -> None:
    before = sys.getrecursionlimit()
    model = build_classifier(ClassifierConfig(family="cifar_preact", depth=1001, classes=10))

    logits = np.asarray(keras.ops.convert_to_numpy(model(images(1, 32, 32, 3), training=True)))

    assert np.isfinite(logits).all()
    assert sys.getrecursionlimit() == before
