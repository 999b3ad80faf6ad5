"""The batch-hard triplet loss: a baseline, without class centres."""

from typing import Any

from keras import ops

from facenet_res.losses.softmax import as_cosine

# Beyond any cosine, so that it is never the nearest or the farthest.
NO_COSINE = 2.0


def triplet_loss(cosine: Any, labels: Any, *, cosine_margin: float = 0.1) -> Any:
    """The loss of each sample against the farthest of its own and the nearest other.

    Args:
        cosine: float[B, B], unit embeddings of the batch times each other.
        labels: int32[B]; samples below 0 have a loss of 0 and are nobody's rival,
            for they may be the same person.
        cosine_margin: the lead asked for, in (0, 2].

    Returns:
        float32[B], >= 0; 0 also where the batch holds no second sample of the
        class, or none of another.

    Raises:
        ValueError: cosine_margin lies outside (0, 2].

    Source:
        Hermans et al. 2017, arXiv:1703.07737, eq. 5, over cosines in place of
        distances: on unit vectors the squared distance is 2 - 2 cos, so the
        same triplets are chosen, and this is half of FaceNet's hinge
        (arXiv:1503.03832), whose margin of 0.2 is 0.1 here. The root of
        Hermans' distance, steep without bound at 0, is avoided.
    """
    if not 0 < cosine_margin <= 2:
        raise ValueError(f"cosine_margin must be in (0, 2], got {cosine_margin}")
    cosine = as_cosine(cosine)
    rows = ops.expand_dims(ops.cast(labels, "int32"), 1)
    columns = ops.transpose(rows)
    is_known = ops.logical_and(rows >= 0, columns >= 0)
    is_same = ops.logical_and(rows == columns, is_known)
    is_own = ops.logical_and(is_same, ops.logical_not(ops.eye(ops.shape(cosine)[0], dtype="bool")))
    is_rival = ops.logical_and(rows != columns, is_known)
    farthest = ops.min(ops.where(is_own, cosine, NO_COSINE), axis=1)
    nearest = ops.max(ops.where(is_rival, cosine, -NO_COSINE), axis=1)
    # Said openly: with a margin near 2 a missing side would not close the hinge by itself.
    is_whole = ops.logical_and(ops.any(is_own, axis=1), ops.any(is_rival, axis=1))
    return ops.where(is_whole, ops.relu(nearest - farthest + cosine_margin), 0.0)
