"""The combined margin: an angle stretched, an angle added, and a cosine taken off."""

from typing import Any

from facenet_res.losses.margin import (
    angular_margin,
    check_cosine_margin,
    check_scale,
    multiplicative_margin,
)
from facenet_res.losses.softmax import as_cosine, softmax_loss, true_cosine


def combined_loss(
    cosine: Any,
    labels: Any,
    *,
    angle_factor: float = 1.0,
    margin_rad: float = 0.3,
    cosine_margin: float = 0.2,
    scale: float = 64.0,
) -> Any:
    """The loss of each sample; the true class counts as cos(m1 * theta + m2) - m3.

    The family in one place: (m1, m2, m3) = (1, 0.5, 0) is ArcFace, (1, 0, 0.4)
    CosFace, (4, 0, 0) SphereFace's margin and (1, 0, 0) plain softmax.

    Args:
        cosine: float[B, C], unit embeddings times unit class centres.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
        angle_factor: m1, in (0, 8].
        margin_rad: m2, angle in radians, in [0, pi/2).
        cosine_margin: m3, in [0, 2).
        scale: factor on the cosines, the inverse of a softmax temperature.

    Returns:
        float32[B], >= 0.

    Raises:
        ValueError: a margin or the scale lies outside its range.

    Source:
        Deng et al. 2019, arXiv:1801.07698, eq. 4. Not in the paper: what keeps
        the loss growing past theta = (pi - m2) / m1, a straight tail where m1
        is 1 and SphereFace's mirrored cosine where it is not. SphereFace's
        annealing and its use of the embedding's length as scale are left out.
    """
    check_cosine_margin(cosine_margin)
    check_scale(scale)
    cosine = as_cosine(cosine)
    target = true_cosine(cosine, labels)
    if angle_factor == 1:
        target = angular_margin(target, margin_rad)
    else:
        target = multiplicative_margin(target, angle_factor, margin_rad)
    return softmax_loss(cosine, labels, target - cosine_margin, scale)
