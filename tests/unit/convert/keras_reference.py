"""An IResNet as Keras_insightface builds one: other names, other epsilon, `.h5` or `.keras`."""

from typing import Any

import numpy as np

BLOCKS = {18: (2, 2, 2, 2)}
EPSILON = 2e-5


def keras_iresnet(depth: int, width: float, dim: int, *, pads: bool = True, seed: int = 0) -> Any:
    """The network with random weights; without `pads` it pads as TensorFlow's `same` does."""
    from keras import Input, Model, layers

    def conv(x: Any, channels: int, stride: int, px: int = 3) -> Any:
        if px == 3 and pads:
            x = layers.ZeroPadding2D(1)(x)
        padding = "valid" if pads or px == 1 else "same"
        return layers.Conv2D(channels, px, strides=stride, padding=padding, use_bias=False)(x)

    def norm(x: Any, **options: Any) -> Any:
        return layers.BatchNormalization(epsilon=EPSILON, **options)(x)

    def prelu(x: Any) -> Any:
        return layers.PReLU(shared_axes=[1, 2])(x)

    channels = [round(each * width) for each in (64, 128, 256, 512)]
    inputs = Input((112, 112, 3))
    x = prelu(norm(conv(inputs, channels[0], 1)))
    for count, width_px in zip(BLOCKS[depth], channels, strict=True):
        for number in range(count):
            stride = 2 if number == 0 else 1
            shortcut = norm(conv(x, width_px, stride, 1)) if number == 0 else x
            y = prelu(norm(conv(norm(x), width_px, 1)))
            x = layers.Add()([shortcut, norm(conv(y, width_px, stride))])
    x = layers.Dropout(0.4)(norm(x))
    x = layers.Dense(dim, use_bias=False)(layers.Flatten()(x))
    x = layers.Activation("linear", dtype="float32")(norm(x, scale=False))
    model = Model(inputs, x)
    _fill(model, seed)
    return model


def _fill(model: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        for variable in layer.weights:
            shape, name = tuple(variable.shape), variable.name
            if name in ("gamma", "moving_variance"):
                variable.assign(rng.uniform(0.5, 1.5, shape))
            elif name == "kernel":
                variable.assign(rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape))
            elif name == "alpha":
                variable.assign(rng.uniform(0.1, 0.4, shape))
            elif "seed" not in name:
                variable.assign(rng.normal(0, 0.1, shape))
