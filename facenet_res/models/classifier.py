"""From a ClassifierConfig to a keras.Model: with classes, or with the maps a detector wants."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.resnet import class_head, resnet_maps

# The levels of a feature pyramid, as detectors call them, and their strides to the image.
PYRAMID_STRIDES = {"c2": 4, "c3": 8, "c4": 16, "c5": 32}

# Convolution, BN, ReLU, padding and sum: no block has more layers for each layer with weights.
GRAPH_NODES_PER_LAYER_MAX = 5


def build_classifier(config: ClassifierConfig, side_px: int | None = None) -> keras.Model:
    """A classifying network with fresh weights.

    Args:
        config: the shape.
        side_px: height and width of the images; None for the config's `input_side_px`.

    Returns:
        keras.Model: float[B, side, side, 3] -> float[B, classes], logits. The networks expect
        values around 0 of about unit size.
    """
    side_px = side_px or config.input_side_px
    images = keras.Input((side_px, side_px, 3), name="images")
    logits = class_head(resnet_maps(images, config)[-1], config.classes)
    with deep_graph(config.depth):
        return keras.Model(images, logits, name=config.name)


def build_pyramid(config: ClassifierConfig) -> keras.Model:
    """The classic network without its head, for detectors.

    Returns:
        keras.Model: float[B, H, W, 3] of any size -> {"c2": ..., "c3": ..., "c4": ..., "c5": ...},
        the map of stride s being float[B, ceil(H / s), ceil(W / s), channels].

    Raises:
        ConfigInvalid: the family has no such levels.
    """
    if config.family != "resnet":
        raise ConfigInvalid(
            f"a pyramid C2..C5 needs classifier.family 'resnet', got {config.family!r}"
        )
    images = keras.Input((None, None, 3), name="images")
    maps = dict(zip(PYRAMID_STRIDES, resnet_maps(images, config), strict=True))
    with deep_graph(config.depth):
        return keras.Model(images, maps, name=f"{config.name}-pyramid")


@contextmanager
def deep_graph(depth: int) -> Iterator[None]:
    """Lets Keras walk a graph of `depth` layers.

    It does so by recursion, one frame a node, and 1001 layers exceed Python's limit. Frames of
    Python functions lie on the heap, so a higher limit risks no overflow of the C stack.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + GRAPH_NODES_PER_LAYER_MAX * depth)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
