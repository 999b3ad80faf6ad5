"""ArcFace: cross-entropy over scaled cosines with an angle added to the true class."""

from typing import Any

from facenet_res.losses.combined import combined_loss


def arcface_loss(cosine: Any, labels: Any, *, margin_rad: float = 0.5, scale: float = 64.0) -> Any:
    """The loss of each sample; negative labels are samples without an identity.

    Args:
        cosine: float[B, C], unit embeddings times unit class centres.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
        margin_rad: angle in radians, in [0, pi/2).
        scale: factor on the cosines, the inverse of a softmax temperature.

    Returns:
        float32[B], >= 0.

    Raises:
        ValueError: the margin or the scale lies outside its range.

    Source:
        Deng et al. 2019, arXiv:1801.07698, eq. 3; the tail of
        `margin.angular_margin` is not in the paper.
    """
    return combined_loss(cosine, labels, margin_rad=margin_rad, cosine_margin=0.0, scale=scale)
