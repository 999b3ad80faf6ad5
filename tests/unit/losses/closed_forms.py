"""The losses written out in NumPy and float64, a sample at a time, to judge the real ones by."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]


def cross_entropy(rivals: Floats, label: int, target: float, scale: float) -> float:
    """-log softmax at the label, whose cosine is the target."""
    logits = scale * rivals.astype(np.float64)
    logits[label] = scale * target
    highest = logits.max()
    return float(np.log(np.exp(logits - highest).sum()) + highest - logits[label])


def arc_target(cosine: float, margin: float) -> float:
    """cos(theta + margin), then ArcFace's straight tail; a negative margin stops at angle 0."""
    angle = float(np.arccos(cosine)) + margin
    if angle >= np.pi:
        return cosine - margin * float(np.sin(margin))
    return float(np.cos(max(angle, 0.0)))


def sphere_target(cosine: float, factor: float, margin: float) -> float:
    """SphereFace's psi: (-1)^k cos(angle) - 2k for the angle in [k pi, (k + 1) pi]."""
    angle = factor * float(np.arccos(cosine)) + margin
    k = int(angle // np.pi)
    return (-1.0) ** k * float(np.cos(angle)) - 2.0 * k


def combined(
    cosine: Floats, labels: Labels, margins: tuple[float, float, float], scale: float = 64.0
) -> Floats:
    factor, angle, amount = margins
    losses = []
    for row, label in zip(cosine, labels, strict=True):
        true = float(row[label])
        target = arc_target(true, angle) if factor == 1 else sphere_target(true, factor, angle)
        losses.append(cross_entropy(row, label, target - amount, scale))
    return np.asarray(losses)


def adaface(cosine: Floats, labels: Labels, quality: float, margin: float = 0.4) -> Floats:
    """For samples of one quality in [-1, 1]."""
    losses = []
    for row, label in zip(cosine, labels, strict=True):
        target = arc_target(float(row[label]), -margin * quality) - margin * (1 + quality)
        losses.append(cross_entropy(row, label, target, 64.0))
    return np.asarray(losses)


def magface(cosine: Floats, labels: Labels, norms: Floats) -> Floats:
    losses = []
    for row, label, given in zip(cosine, labels, norms, strict=True):
        norm = min(max(float(given), 10.0), 110.0)
        margin = 0.45 + (0.8 - 0.45) / (110.0 - 10.0) * (norm - 10.0)
        loss = cross_entropy(row, label, arc_target(float(row[label]), margin), 64.0)
        losses.append(loss + 35.0 * (1 / norm + norm / 110.0**2))
    return np.asarray(losses)


def curricularface(cosine: Floats, labels: Labels, progress: float) -> Floats:
    losses = []
    for row, label in zip(cosine, labels, strict=True):
        target = arc_target(float(row[label]), 0.5)
        rivals = np.where(row > target, row * (progress + row), row)
        losses.append(cross_entropy(rivals, label, target, 64.0))
    return np.asarray(losses)


def differences(function: Callable[[Floats], Floats], at: NDArray[Any]) -> Floats:
    """The gradient of the sum of the function's values, by central differences."""
    at = at.astype(np.float64)
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        slopes[place] = (function(at + step) - function(at - step)).sum() / 2e-6
    return slopes


def gradient(function: Callable[[Any], Any], at: NDArray[Any]) -> NDArray[np.float32]:
    """The same by TensorFlow's own differentiation; skips where Keras runs on another backend."""
    tensorflow = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradients are taken with Keras on TensorFlow")
    variable = tensorflow.Variable(at)
    with tensorflow.GradientTape() as tape:
        total = keras.ops.sum(function(keras.ops.convert_to_tensor(variable)))
    slopes = tensorflow.convert_to_tensor(tape.gradient(total, variable))
    return np.asarray(slopes.numpy(), np.float32)


def values(tensor: Any) -> NDArray[Any]:
    """A tensor of any backend as an array."""
    return np.asarray(keras.ops.convert_to_numpy(tensor))
