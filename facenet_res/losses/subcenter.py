"""Sub-centres: K centres a class, so that wrong labels gather round a centre of their own.

Train with K = 3 and any margin loss over `nearest_subcentre`; then go over the
data once with `count_nearest`, drop what `is_dropped` says, and train anew
with one centre a class.
"""

import math
from typing import Any

from keras import ops


def nearest_subcentre(cosine: Any) -> Any:
    """The cosine to each class is that to the nearest of its centres.

    Args:
        cosine: float[B, C, K].

    Returns:
        float32[B, C], for any loss of a cosine. The gradient reaches the nearest
        centre of each class only; between equal ones it is shared or falls to
        one, as the backend has it.

    Source:
        Deng et al. 2020, "Sub-center ArcFace", ECCV.
    """
    return ops.max(ops.cast(cosine, "float32"), axis=-1)


def count_nearest(own_cosine: Any, labels: Any, classes: int) -> Any:
    """How many samples of each class lie nearest to each of its centres.

    Args:
        own_cosine: float[B, K], of `centers.own_subcentre_cosine`.
        labels: int32[B]; samples below 0 are not counted.
        classes: C, the number of classes.

    Returns:
        int32[C, K]; sums of several batches add up. The centre with the most
        samples, `argmax` over K, is the dominant one of its class.
    """
    per_class = ops.shape(own_cosine)[-1]
    nearest = ops.argmax(ops.cast(own_cosine, "float32"), axis=-1, keepdims=True)
    is_nearest = ops.cast(nearest, "int32") == _columns(per_class)
    belongs = ops.expand_dims(ops.cast(labels, "int32"), 0) == ops.transpose(_columns(classes))
    # Counts in float32 are exact up to 2^24, more than any batch.
    counts = ops.matmul(ops.cast(belongs, "float32"), ops.cast(is_nearest, "float32"))
    return ops.cast(counts, "int32")


def is_dropped(own_cosine: Any, labels: Any, dominant: Any, angle_deg_max: float = 75.0) -> Any:
    """Which samples lie too far from the dominant centre of their class to bear its name.

    Args:
        own_cosine: float[B, K], of `centers.own_subcentre_cosine`.
        labels: int32[B]; samples below 0 claim no class and are never dropped.
        dominant: int32[C], the dominant centre of each class, in [0, K).
        angle_deg_max: largest angle in degrees that is kept, in (0, 180].

    Returns:
        bool[B].

    Raises:
        ValueError: angle_deg_max lies outside (0, 180].

    Source:
        Deng et al. 2020, "Sub-center ArcFace", ECCV, where it is called
        dropping high-confident noisy samples.
    """
    if not 0 < angle_deg_max <= 180:
        raise ValueError(f"angle_deg_max must be in (0, 180], got {angle_deg_max}")
    labels = ops.cast(labels, "int32")
    of_class = ops.take(ops.cast(dominant, "int32"), ops.maximum(labels, 0), axis=0)
    is_dominant = ops.expand_dims(of_class, -1) == _columns(ops.shape(own_cosine)[-1])
    cosine = ops.sum(ops.where(is_dominant, ops.cast(own_cosine, "float32"), 0.0), axis=-1)
    is_far = cosine < math.cos(math.radians(angle_deg_max))
    return ops.logical_and(is_far, labels >= 0)


def _columns(count: int) -> Any:
    """int32[1, count]: 0, 1, 2 and so on."""
    return ops.expand_dims(ops.arange(count, dtype="int32"), 0)
