"""CosFace: cross-entropy over scaled cosines with an amount taken off the true class."""

from typing import Any

from facenet_res.losses.combined import combined_loss


def cosface_loss(
    cosine: Any, labels: Any, *, cosine_margin: float = 0.4, scale: float = 64.0
) -> Any:
    """The loss of each sample; negative labels are samples without an identity.

    Args:
        cosine: float[B, C], unit embeddings times unit class centres.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
        cosine_margin: taken off the true class's cosine, in [0, 2).
        scale: factor on the cosines, the inverse of a softmax temperature.

    Returns:
        float32[B], >= 0.

    Raises:
        ValueError: the margin or the scale lies outside its range.

    Source:
        Wang et al. 2018, arXiv:1801.09414, eq. 4. The paper's margin is 0.35;
        0.4 is what Partial FC's authors train with.
    """
    return combined_loss(cosine, labels, margin_rad=0.0, cosine_margin=cosine_margin, scale=scale)
