"""A detector's network: C2 to C5 of a classic ResNet, a feature pyramid, and anchor-free heads."""

from typing import Any

import keras
from keras import layers

from facenet_res.core.cells import OUTPUTS
from facenet_res.models.blocks import conv
from facenet_res.models.classifier import build_pyramid
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.residual import INITIALIZER, bn_relu

LEVELS = ("c3", "c4", "c5")
PYRAMID_CHANNELS = 48
SCORE_PRIOR = -4.6  # logit of 0.01, so that the many cells without an object start quiet


def build_detector(config: ClassifierConfig, channels: int = PYRAMID_CHANNELS) -> keras.Model:
    """A network that predicts on three maps, of strides 8, 16 and 32.

    C5 is brought up and added to C4, and that to C3. C2, of stride 4, feeds them and has no head of
    its own: it would cost more than all others together. Heads of different maps share no
    weights, so that each batch normalisation sees one map.

    Args:
        config: the backbone, of family "resnet"; `classes` plays no part.
        channels: of the pyramid.

    Returns:
        keras.Model: float[B, H, W, 3], H and W multiples of 32 -> float[B, A, 15], the cells in
        the order of `core.cells.cells`.

    Source:
        Lin et al. 2017, arXiv:1612.03144 (pyramid); Tian et al. 2019, arXiv:1904.01355 (a box as
        distances from a cell).

    Raises:
        ConfigInvalid: the family has no such levels.
    """
    backbone = build_pyramid(config)
    maps = backbone.output
    merged: dict[str, Any] = {}
    above = None
    for level in reversed(LEVELS):
        x = _conv(maps[level], channels, 1, f"{level}_lateral")
        if above is not None:
            x = layers.Add(name=f"{level}_merged")([x, layers.UpSampling2D(2)(above)])
        merged[level] = above = x
    heads = [_head(merged[level], channels, level) for level in LEVELS]
    outputs = layers.Concatenate(axis=1, name="cells")(heads)
    return keras.Model(backbone.input, outputs, name=f"{config.name}-detector")


def _head(x: Any, channels: int, level: str) -> Any:
    x = _conv(x, channels, 3, f"{level}_smooth")
    x = _conv(x, channels, 3, f"{level}_head")
    prior = keras.initializers.Constant(SCORE_PRIOR)
    score = layers.Dense(1, bias_initializer=prior, name=f"{level}_score")(x)
    rest = layers.Dense(OUTPUTS - 1, name=f"{level}_geometry")(x)
    return layers.Reshape((-1, OUTPUTS))(layers.Concatenate(axis=-1)([score, rest]))


def _conv(x: Any, channels: int, kernel_px: int, name: str) -> Any:
    x = conv(x, channels, kernel_px, stride=1, name=name, initializer=INITIALIZER)
    return bn_relu(x, f"{name}_bn")
