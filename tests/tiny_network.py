"""A network of one residual block on small pictures: a second to train, on any backend."""

from typing import Any

import keras
import numpy as np
from keras import layers

from facenet_res.models.blocks import batch_norm, conv, ir_block, prelu

SIDE_PX = 32
DIM = 16


def tiny_network(dim: int = DIM) -> keras.Model:
    """float[B, 32, 32, 3] -> float[B, dim], with weights that are the same on every backend."""
    faces = keras.Input((SIDE_PX, SIDE_PX, 3))
    x: Any = prelu(batch_norm(conv(faces, 16, 3, stride=2, name="stem"), name="bn"), name="prelu")
    x = ir_block(x, 16, stride=2, name="block")
    x = layers.GlobalAveragePooling2D()(x)
    x = batch_norm(layers.Dense(dim, name="dense")(x), name="embedding", scale=False)
    network = keras.Model(faces, x)
    place_weights(network.trainable_variables, seed=1)
    return network


def place_weights(variables: list[Any], seed: int) -> None:
    """Random kernels; the vectors (gammas, betas, slopes) keep what they start with."""
    rng = np.random.default_rng(seed)
    for variable in variables:
        if len(variable.shape) > 1 and variable.name != "alpha":
            variable.assign(rng.normal(0, 0.1, tuple(variable.shape)).astype(np.float32))


def tiny_batch(step: int, size: int = 8) -> tuple[Any, Any]:
    """uint8[B, 32, 32, 3] whose hue tells the class, and int32[B] labels, one of them unknown."""
    rng = np.random.default_rng((7, step))
    labels = rng.integers(0, 4, size).astype(np.int32)
    hues = np.random.default_rng(3).integers(0, 256, (4, 3))[labels]
    faces = np.clip(
        hues[:, None, None] + rng.integers(-30, 30, (size, SIDE_PX, SIDE_PX, 3)), 0, 255
    )
    labels[0] = -1
    return faces.astype(np.uint8), labels
