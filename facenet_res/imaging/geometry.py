"""Transforms of the plane: the similarity that carries points onto points."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid

Transform = NDArray[np.float64]
"""float64[2, 3]: maps (x, y, 1) to (x, y)."""

# Points closer together than this, in pixels, have no direction to turn by.
_SPREAD_PX_MIN: Final = 1e-6


def similarity_transform(source: NDArray[Any], target: NDArray[Any]) -> Transform:
    """The turn, scaling and shift that carry one set of points closest to another.

    Least squares over four degrees of freedom; no mirroring. In the plane, with points as complex
    numbers about their means, the solution is one division: sum(conj(s) t) / sum(|s|^2).

    Args:
        source: float[N, 2], x and y, N >= 2.
        target: float[N, 2], where they should come to lie.

    Returns:
        float64[2, 3], from source to target.

    Raises:
        ArrayInvalid: shapes differ, fewer than two points, a value that is not finite, or all
            points of `source` or of `target` coincide.

    Source:
        Umeyama 1991, "Least-squares estimation of transformation parameters between two point
        patterns", eq. 40 to 43, for two dimensions and with rotations only.
    """
    first, second = _points(source, "source"), _points(target, "target")
    if first.shape != second.shape:
        raise ArrayInvalid(f"source has {len(first)} points, target {len(second)}")
    first_mean, second_mean = first.mean(axis=0), second.mean(axis=0)
    s = (first - first_mean) @ np.array([1, 1j])
    t = (second - second_mean) @ np.array([1, 1j])
    factor = np.vdot(s, t) / np.vdot(s, s).real
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([linear, second_mean - linear @ first_mean])


def transform_points(transform: Transform, points: NDArray[Any]) -> NDArray[np.float64]:
    """Where a transform carries points: float[N, 2] -> float64[N, 2]."""
    moved: NDArray[np.float64] = np.asarray(points) @ transform[:, :2].T + transform[:, 2]
    return moved


def invert(transform: Transform) -> Transform:
    """The transform that undoes another.

    Raises:
        ArrayInvalid: the transform flattens the plane and cannot be undone.
    """
    linear = transform[:, :2]
    if abs(np.linalg.det(linear)) < _SPREAD_PX_MIN**2:
        raise ArrayInvalid(f"the transform cannot be undone: {transform.tolist()}")
    inverse = np.linalg.inv(linear)
    return np.column_stack([inverse, -inverse @ transform[:, 2]])


def _points(points: NDArray[Any], name: str) -> NDArray[np.float64]:
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < 2:
        raise ArrayInvalid(f"{name} points are float[N, 2] with N >= 2; got {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ArrayInvalid(f"a {name} point is not finite")
    if np.ptp(array, axis=0).max() < _SPREAD_PX_MIN:
        raise ArrayInvalid(f"all {len(array)} {name} points lie at {array[0].tolist()}")
    return array
