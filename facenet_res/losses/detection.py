"""The loss of an anchor-free detector: scores that say how well a box fits, boxes and landmarks."""

from typing import Any

from keras import ops

from facenet_res.core.cells import LOG_DISTANCE_MAX

BOX_WEIGHT = 2.0
LANDMARK_WEIGHT = 0.5
FOCUS = 2.0
EPSILON = 1e-6


def detection_loss(targets: Any, outputs: Any) -> Any:
    """Quality focal loss of all cells, 1 - GIoU and L1 of landmarks of those that have a face.

    Args:
        targets: float32[B, A, 15], of `data.detection_targets`: 1 where the cell has a face, 0
            where not, -1 where it does not count; distances to the box's sides and offsets of the
            landmarks, both in strides.
        outputs: float32[B, A, 15], as `core.cells.decoded` reads them.

    Returns:
        float32, one number, a mean over the cells with a face.

    Source:
        Li et al. 2020, arXiv:2006.04388, eq. 2 (score); Rezatofighi et al. 2019,
        arXiv:1902.09630 (GIoU).
    """
    kind = targets[..., 0]
    has_face = ops.cast(kind > 0, "float32")
    count = ops.maximum(ops.sum(has_face), 1.0)
    wanted = targets[..., 1:5]
    found = ops.exp(ops.minimum(outputs[..., 1:5], LOG_DISTANCE_MAX))
    iou, generalised = _overlaps(wanted, found)
    score = outputs[..., 0]
    aim = ops.stop_gradient(has_face * iou)
    entropy = ops.softplus(score) - score * aim
    focus = ops.power(ops.abs(aim - ops.sigmoid(score)) + EPSILON, FOCUS)
    scores = ops.sum(focus * entropy * ops.cast(kind >= 0, "float32"))
    boxes = ops.sum(has_face * (1.0 - generalised))
    # Shares of the box's size: a large face's landmarks may be off by more pixels.
    size = ops.sum(wanted, axis=-1) / 2.0 + EPSILON
    errors = ops.mean(ops.abs(outputs[..., 5:] - targets[..., 5:]), axis=-1)
    landmarks = ops.sum(has_face * errors / size)
    return (scores + BOX_WEIGHT * boxes + LANDMARK_WEIGHT * landmarks) / count


def _overlaps(first: Any, second: Any) -> tuple[Any, Any]:
    """IoU and GIoU of boxes around one centre, given by left, top, right and bottom distances."""
    low, high = ops.minimum(first, second), ops.maximum(first, second)
    shared = (low[..., 0] + low[..., 2]) * (low[..., 1] + low[..., 3])
    around = (high[..., 0] + high[..., 2]) * (high[..., 1] + high[..., 3])
    areas = [
        (each[..., 0] + each[..., 2]) * (each[..., 1] + each[..., 3]) for each in (first, second)
    ]
    union = areas[0] + areas[1] - shared + EPSILON
    iou = shared / union
    return iou, iou - (around + EPSILON - union) / (around + EPSILON)
