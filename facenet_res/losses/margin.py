"""Margins: what makes the true class harder to reach, so that classes stand apart."""

import math
from typing import Any

from keras import ops


def angular_margin(cosine: Any, margin_rad: float) -> Any:
    """Adds an angle to the target class: cos(theta) -> cos(theta + margin).

    Past theta = pi - margin the cosine would turn upward again, so a straight
    tail takes over and the result keeps falling as theta grows.

    Args:
        cosine: float32[B], cos(theta) to the true class centre, in [-1, 1].
        margin_rad: angle in radians, in [0, pi/2); 0.5 in the paper.

    Returns:
        float32[B]; below -1 only on the tail. Gradients are finite everywhere.

    Raises:
        ValueError: margin_rad lies outside [0, pi/2).

    Source:
        Deng et al. 2019, arXiv:1801.07698, eq. 3. The tail is not in the
        paper; public ArcFace implementations carry it.
    """
    check_margin_rad(margin_rad)
    return add_angle(cosine, margin_rad)


def add_angle(cosine: Any, margin_rad: Any) -> Any:
    """The same with a margin for each sample, which may be negative.

    Args:
        cosine: float32[B], in [-1, 1].
        margin_rad: float or float32[B], angles in radians in (-pi/2, pi/2), trusted.

    Returns:
        float32[B]. A negative margin stops at an angle of 0, where the cosine is 1.
    """
    cosine, margin_rad = ops.cast(cosine, "float32"), ops.cast(margin_rad, "float32")
    margin_cos, margin_sin = ops.cos(margin_rad), ops.sin(margin_rad)
    rotated = cosine * margin_cos - sine_of(cosine) * margin_sin
    tail = cosine - margin_rad * margin_sin
    harder = ops.where(cosine > -margin_cos, rotated, tail)
    easier = ops.where(cosine < margin_cos, rotated, 1.0)
    return ops.where(margin_rad < 0, easier, harder)


def multiplicative_margin(cosine: Any, angle_factor: float, margin_rad: float) -> Any:
    """Stretches the angle, then adds to it: cos(angle_factor * theta + margin).

    Where the stretched angle passes pi the cosine is mirrored downward, again
    at 2 pi and so on, so that the result falls without a jump all the way.

    Args:
        cosine: float32[B], cos(theta) to the true class centre, in [-1, 1].
        angle_factor: > 0; 4 in SphereFace.
        margin_rad: angle in radians, in [0, pi/2).

    Returns:
        float32[B], at most 1; below -1 past the first mirror. Gradients are finite
        everywhere; within 4e-4 rad of 0 and pi they are cut to near 0, where
        rounding leaves nothing of the angle to follow.

    Raises:
        ValueError: a margin lies outside its range.

    Source:
        Liu et al. 2017, arXiv:1704.08063, eq. 7 and the psi below it, there
        for whole factors and no margin_rad.
    """
    check_angle_factor(angle_factor)
    check_margin_rad(margin_rad)
    cosine = ops.cast(cosine, "float32")
    # Not acos: its slope is infinite at the ends, and that of this one is not.
    theta = ops.arctan2(sine_of(cosine), cosine)
    angle = angle_factor * theta + margin_rad
    mirrors = ops.floor(angle / math.pi)
    sign = 1.0 - 2.0 * ops.mod(mirrors, 2.0)
    return sign * ops.cos(angle) - 2.0 * mirrors


def sine_of(cosine: Any) -> Any:
    """sin(theta) from cos(theta), theta in [0, pi]; at least 1e-6."""
    # 1e-12 and not 0: the slope of sqrt at 0 is infinite and would end as NaN weights. The product
    # and not 1 - cosine^2: near the ends it keeps the digits that the square has lost.
    return ops.sqrt(ops.maximum((1.0 - cosine) * (1.0 + cosine), 1e-12))


def check_angle_factor(angle_factor: float) -> None:
    """Raises ValueError unless the factor is in (0, 8]."""
    if not 0 < angle_factor <= 8:
        raise ValueError(f"angle_factor must be in (0, 8], got {angle_factor}")


def check_margin_rad(margin_rad: float) -> None:
    """Raises ValueError unless the angle is in [0, pi/2)."""
    if not 0 <= margin_rad < math.pi / 2:
        raise ValueError(f"margin_rad must be in [0, pi/2), got {margin_rad}")


def check_cosine_margin(cosine_margin: float) -> None:
    """Raises ValueError unless the amount is in [0, 2), the width of all cosines."""
    if not 0 <= cosine_margin < 2:
        raise ValueError(f"cosine_margin must be in [0, 2), got {cosine_margin}")


def check_scale(scale: float) -> None:
    """Raises ValueError unless the scale is positive and finite."""
    if not 0 < scale < math.inf:
        raise ValueError(f"scale must be positive and finite, got {scale}")
