"""The published network computed from a checkpoint's own tensors, in NumPy.

What an import is compared with where the source cannot run here: it shares
neither layouts nor code with the network that is written, and needs no PyTorch.
About 50 GFLOP a second, so a few faces are enough.

Source: deepinsight/insightface, recognition/arcface_torch/backbones/iresnet.py.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings

EPSILON = 1e-5
STAGES = 4

Array = NDArray[np.float32]


def checkpoint_embeddings(state: Mapping[str, Array], faces: Array) -> Embeddings:
    """Embeddings by a state_dict of arcface_torch.

    Args:
        state: tensors by PyTorch's names; checked by `network_of_state` before.
        faces: float32[B, 3, 112, 112] as the network takes them.

    Returns:
        float32[B, D], rows of unit length.
    """
    return unit_norm(np.stack([_embedding(state, face) for face in faces]))


def _embedding(state: Mapping[str, Array], face: Array) -> Array:
    x = _conv(face, state["conv1.weight"], stride=1)
    x = _prelu(_norm(x, state, "bn1"), state["prelu.weight"])
    for stage in range(1, STAGES + 1):
        number = 0
        while f"layer{stage}.{number}.conv1.weight" in state:
            x = _block(x, state, f"layer{stage}.{number}", stride=2 if number == 0 else 1)
            number += 1
    vector = state["fc.weight"] @ _norm(x, state, "bn2").reshape(-1) + state["fc.bias"]
    return _norm(vector, state, "features")


def _block(x: Array, state: Mapping[str, Array], name: str, *, stride: int) -> Array:
    y = _conv(_norm(x, state, f"{name}.bn1"), state[f"{name}.conv1.weight"], stride=1)
    y = _prelu(_norm(y, state, f"{name}.bn2"), state[f"{name}.prelu.weight"])
    y = _norm(_conv(y, state[f"{name}.conv2.weight"], stride=stride), state, f"{name}.bn3")
    if f"{name}.downsample.0.weight" not in state:
        return y + x
    x = _conv(x, state[f"{name}.downsample.0.weight"], stride=stride)
    return y + _norm(x, state, f"{name}.downsample.1")


def _conv(x: Array, kernel: Array, *, stride: int) -> Array:
    """One matrix product for each place of the kernel, on the shifted image."""
    outputs, channels, side_px, _ = kernel.shape
    pad_px = side_px // 2
    padded = np.pad(x, ((0, 0), (pad_px, pad_px), (pad_px, pad_px)))
    height = (padded.shape[1] - side_px) // stride + 1
    width = (padded.shape[2] - side_px) // stride + 1
    total = np.zeros((outputs, height * width), np.float32)
    for row in range(side_px):
        for column in range(side_px):
            seen = padded[
                :,
                row : row + stride * (height - 1) + 1 : stride,
                column : column + stride * (width - 1) + 1 : stride,
            ]
            total += kernel[:, :, row, column] @ seen.reshape(channels, -1)
    return total.reshape(outputs, height, width)


def _norm(x: Array, state: Mapping[str, Array], name: str) -> Array:
    scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + np.float32(EPSILON))
    shift = state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
    axes = (-1,) + (1,) * (x.ndim - 1)
    moved: Array = x * scale.reshape(axes) + shift.reshape(axes)
    return moved


def _prelu(x: Array, slope: Array) -> Array:
    return np.where(x > 0, x, x * slope.reshape(-1, 1, 1))
