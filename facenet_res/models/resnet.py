"""The classic ResNets and their CIFAR forms: from an image to the maps of every stage."""

from collections.abc import Callable
from typing import Any

from keras import layers

from facenet_res.models.blocks import conv
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.plan import Place, Plan, Skip, plan_of
from facenet_res.models.residual import (
    INITIALIZER,
    basic_block,
    bn_relu,
    bottleneck_block,
    preact_block,
)

BLOCKS: dict[str, Callable[[Any, Place, Skip], Any]] = {
    "basic": basic_block,
    "bottleneck": bottleneck_block,
    "preact": preact_block,
}


def resnet_maps(images: Any, config: ClassifierConfig) -> tuple[Any, ...]:
    """The map at the end of each stage, the finest first.

    Args:
        images: float[B, H, W, 3].
        config: the shape; `classes` plays no part.

    Returns:
        Classic: C2 to C5 of strides 4, 8, 16, 32 to the image; CIFAR: three maps of strides
        1, 2, 4. A map is float[B, ceil(H / stride), ceil(W / stride), channels]. The last map of
        a pre-activation network has its closing BN and ReLU; the earlier ones are raw sums.
    """
    plan = plan_of(config)
    x = _stem(images, plan)
    maps: dict[int, Any] = {}
    for place in plan.places:
        x = BLOCKS[plan.block](x, place, plan.skip)
        maps[place.stage] = x
    *earlier, last = maps.values()
    return (*earlier, bn_relu(last, "head_bn") if plan.block == "preact" else last)


def class_head(x: Any, classes: int) -> Any:
    """The mean over the map, then a dense layer with bias: float[B, classes], logits."""
    x = layers.GlobalAveragePooling2D(name="head_mean")(x)
    return layers.Dense(classes, name="logits")(x)


def _stem(images: Any, plan: Plan) -> Any:
    """The layers before the first stage, with BN and ReLU."""
    if plan.stem == "conv3":
        x = conv(images, plan.stem_channels, 3, stride=1, name="stem_conv", initializer=INITIALIZER)
        # A pre-activation block begins with BN and ReLU itself.
        return x if plan.block == "preact" else bn_relu(x, "stem_bn")
    x = conv(images, plan.stem_channels, 7, stride=2, name="stem_conv", initializer=INITIALIZER)
    x = bn_relu(x, "stem_bn")
    # Zeros around it change no maximum: what comes out of ReLU is never below zero.
    x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)
