"""The residual block of IResNet: output = F(x) + x, with nothing after the sum.

Because the sum is left untouched, the identity reaches from the loss to the
first layer through every block, and depth never costs trainability.
"""

from typing import Any

import keras
from keras import layers

from facenet_res.models.layers import BatchNorm, Conv2D, PReLU

BN_EPSILON = 1e-5
BN_MOMENTUM = 0.9  # Keras keeps this share of the old value; PyTorch calls the same thing 0.1.
CONV_INIT_STDDEV = 0.1
PRELU_INIT = 0.25


def conv(
    x: Any, channels: int, kernel_px: int, *, stride: int, name: str, initializer: Any = None
) -> Any:
    """A convolution without bias, padded alike on all sides.

    Keras' `same` pads only right and bottom at stride 2, which shifts the grid
    against the published weights; so the padding is a layer of its own. Without
    an initializer the kernel starts as ArcFace's, N(0, 0.1).
    """
    if kernel_px > 1:
        if stride == 1:
            padding = "same"
        else:
            x = layers.ZeroPadding2D(kernel_px // 2, name=f"{name}_pad")(x)
            padding = "valid"
    else:
        padding = "valid"
    return Conv2D(
        channels,
        kernel_px,
        strides=stride,
        padding=padding,
        use_bias=False,
        kernel_initializer=initializer or keras.initializers.RandomNormal(stddev=CONV_INIT_STDDEV),
        name=name,
    )(x)


def batch_norm(x: Any, *, name: str, scale: bool = True) -> Any:
    """Batch normalisation with ArcFace's epsilon and momentum."""
    return BatchNorm(momentum=BN_MOMENTUM, epsilon=BN_EPSILON, scale=scale, name=name)(x)


def prelu(x: Any, *, name: str) -> Any:
    """PReLU with one slope per channel, which starts at 0.25."""
    return PReLU(
        alpha_initializer=keras.initializers.Constant(PRELU_INIT), shared_axes=[1, 2], name=name
    )(x)


def ir_block(x: Any, channels: int, *, stride: int, name: str) -> Any:
    """BN, conv, BN, PReLU, conv (the stride is here), BN, plus the raw input.

    Args:
        x: float[B, H, W, C].
        channels: of the output.
        stride: 1, or 2 in the first block of a stage.
        name: prefix of the layer names.

    Returns:
        float[B, H / stride, W / stride, channels].

    Source:
        Deng et al. 2019, arXiv:1801.07698, and insightface's iresnet.py.
    """
    shortcut = x
    if stride != 1 or x.shape[-1] != channels:
        shortcut = conv(x, channels, 1, stride=stride, name=f"{name}_shortcut_conv")
        shortcut = batch_norm(shortcut, name=f"{name}_shortcut_bn")
    y = batch_norm(x, name=f"{name}_bn1")
    y = conv(y, channels, 3, stride=1, name=f"{name}_conv1")
    y = batch_norm(y, name=f"{name}_bn2")
    y = prelu(y, name=f"{name}_prelu")
    y = conv(y, channels, 3, stride=stride, name=f"{name}_conv2")
    y = batch_norm(y, name=f"{name}_bn3")
    return layers.Add(name=f"{name}_add")([y, shortcut])
