"""Non-maximum suppression: of boxes that overlap much, the one with the best score stays."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def suppress(boxes: NDArray[Any], scores: NDArray[Any], iou_max: float) -> Indices:
    """Greedy suppression by intersection over union.

    Args:
        boxes: float[N, 4], x0, y0, x1, y1.
        scores: float[N], > 0.
        iou_max: a box that overlaps a better one by more than this goes.

    Returns:
        int64[K], rows that stay, best first.
    """
    if len(boxes) == 0:
        return np.empty(0, np.int64)
    # OpenCV's stubs ask for lists; arrays are taken, and quicker.
    corners_and_sizes: Any = np.column_stack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
    confidences: Any = scores.astype(np.float32)
    kept = cv2.dnn.NMSBoxes(corners_and_sizes.astype(np.float64), confidences, 0.0, iou_max)
    return np.asarray(kept, np.int64).reshape(-1)


def suppress_apart(
    boxes: NDArray[Any], scores: NDArray[Any], groups: NDArray[Any], iou_max: float
) -> Indices:
    """`suppress` within each group; boxes of different groups do not see each other.

    Args:
        boxes: float[N, 4], x0, y0, x1, y1.
        scores: float[N], > 0.
        groups: int[N], >= 0.
        iou_max: a box that overlaps a better one of its group by more than this goes.

    Returns:
        int64[K], rows that stay, best first.
    """
    if len(boxes) == 0:
        return np.empty(0, np.int64)
    # Each group is moved to a place of its own.
    span = float(boxes.max() - boxes.min()) + 1
    apart = boxes + (groups * span).astype(np.float64)[:, None]
    return suppress(apart, scores, iou_max)


def suppress_nested(boxes: NDArray[Any], scores: NDArray[Any], share_max: float) -> Indices:
    """Greedy suppression by the share of the smaller box that a better one covers.

    Finds the small box inside a large one, whose intersection over union is low. For tens of
    boxes: it takes N steps.

    Args:
        boxes: float[N, 4], x0, y0, x1, y1.
        scores: float[N].
        share_max: of the smaller of two boxes' areas.

    Returns:
        int64[K], rows that stay, best first.
    """
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        order = order[shared <= share_max * np.minimum(areas[best], areas[order])]
    return np.array(kept, np.int64)
