"""Softmax cross-entropy over plain logits: the loss of a classification head."""

from typing import Any

from keras import ops

from facenet_res.losses.softmax import is_true_class


def cross_entropy(
    logits: Any, labels: Any, *, class_weights: Any = None, smoothing: float = 0.0
) -> Any:
    """The loss of each sample.

    Args:
        logits: float[B, C].
        labels: int[B], the true class in [0, C). Who reads the data checks the range.
        class_weights: float32[C], a factor on the loss of each class's samples; None is 1.
        smoothing: share of the target that is spread over all classes alike, in [0, 1).

    Returns:
        float32[B], >= 0.

    Raises:
        ValueError: smoothing lies outside [0, 1).

    Source:
        Szegedy et al. 2016, arXiv:1512.00567, section 7, for the smoothing.
    """
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be in [0, 1), got {smoothing}")
    logits = ops.cast(logits, "float32")
    logs = ops.log_softmax(logits, axis=-1)
    is_true = ops.cast(is_true_class(logits, labels), "float32")
    own = -ops.sum(is_true * logs, axis=-1)
    losses = (1.0 - smoothing) * own - smoothing * ops.mean(logs, axis=-1)
    if class_weights is None:
        return losses
    weights = ops.convert_to_tensor(class_weights, dtype="float32")
    return losses * ops.sum(is_true * weights, axis=-1)
