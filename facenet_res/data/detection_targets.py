"""Which cell of a detector has to find which face: the targets of `losses.detection`."""

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.cells import OUTPUTS, STRIDES, cells

SIDE_MAX = {8: 48.0, 16: 96.0, 32: float("inf")}
"""Stride -> side of the largest face that its map has to find, in pixels."""
OVERLAP = 1.3
"""Sizes near a limit are the duty of both maps."""
RADIUS = 1.5
"""Cells up to so many strides from the face's centre have to find it."""


def detection_targets(
    boxes: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    ignored: NDArray[np.float32],
    side_px: int,
) -> NDArray[np.float32]:
    """Targets of one square image.

    Args:
        boxes: float32[F, 4], faces to find; F may be 0.
        landmarks: float32[F, 5, 2].
        ignored: float32[G, 4], where neither a face nor its absence is to be learned.
        side_px: of the image, a multiple of 32.

    Returns:
        float32[A, 15]; see `losses.detection.detection_loss`.
    """
    centres, strides = cells(side_px, side_px)
    targets = np.zeros((len(centres), OUTPUTS), np.float32)
    for box in ignored:
        targets[_is_inside(centres, box), 0] = -1
    least = 0.0
    limits = {}
    for stride in STRIDES:
        limits[stride] = (least / OVERLAP, SIDE_MAX[stride] * OVERLAP)
        least = SIDE_MAX[stride]
    # Small faces last: where two claim a cell, the smaller one has fewer others.
    sides = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    for face in np.argsort(-sides, kind="stable"):
        box, side = boxes[face], sides[face]
        is_duty = np.zeros(len(centres), np.bool_)
        for stride, (low, high) in limits.items():
            if low <= side < high:
                is_duty |= strides == stride
        offset = np.abs(centres - (box[:2] + box[2:]) / 2).max(axis=1)
        is_near = is_duty & _is_inside(centres, box) & (offset <= RADIUS * strides)
        step = strides[is_near, None]
        targets[is_near, 0] = 1
        targets[is_near, 1:3] = (centres[is_near] - box[:2]) / step
        targets[is_near, 3:5] = (box[2:] - centres[is_near]) / step
        away = landmarks[face][None] - centres[is_near, None]
        targets[is_near, 5:] = (away / step[..., None]).reshape(-1, 10)
    return targets


def _is_inside(centres: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(((centres > box[:2]) & (centres < box[2:])).all(axis=1))
