"""The cross-entropy that all margin losses share.

A margin loss is a softmax over scaled cosines in which the cosine of the true
class has been made harder. Each loss file computes that harder cosine; the
rest stands here, once.
"""

from typing import Any

from keras import ops


def as_cosine(values: Any) -> Any:
    """float[...] of any precision -> float32[...] in [-1, 1].

    float32 whatever came in: 64 times a bfloat16 cosine is off by a quarter.
    Products of unit vectors leave [-1, 1] by rounding and are brought back.
    """
    return ops.clip(ops.cast(values, "float32"), -1.0, 1.0)


def is_true_class(cosine: Any, labels: Any) -> Any:
    """bool[B, C]: where the column is the row's class; nowhere for a negative label."""
    classes = ops.arange(ops.shape(cosine)[-1], dtype="int32")
    return ops.expand_dims(ops.cast(labels, "int32"), -1) == classes


def true_cosine(cosine: Any, labels: Any) -> Any:
    """float32[B]: each row's cosine to its own class; 0 for a negative label."""
    return ops.sum(ops.where(is_true_class(cosine, labels), cosine, 0.0), axis=-1)


def softmax_loss(cosine: Any, labels: Any, target: Any, scale: float) -> Any:
    """The cross-entropy of each sample, with `target` in the true class's place.

    Args:
        cosine: float32[B, C]; the true class's own column is not read.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
            Who reads the data checks that no label is C or more.
        target: float32[B], the true class's cosine after the margin.
        scale: factor on the cosines, the inverse of a softmax temperature.

    Returns:
        float32[B], >= 0.
    """
    # How far each rival leads the true class. Taking the target off first keeps the digits of a
    # small loss, which 64 + log(...) - 64 would round away.
    leads = scale * ops.subtract(cosine, ops.expand_dims(target, -1))
    losses = ops.logsumexp(ops.where(is_true_class(cosine, labels), 0.0, leads), axis=-1)
    return ops.where(ops.cast(labels, "int32") >= 0, losses, 0.0)
