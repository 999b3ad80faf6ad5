"""The cells of a detector's maps: where each one's centre lies, and how far its neighbours are."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

STRIDES: Final = (8, 16, 32)
"""Of the maps that a detector of `models.anchor_free` predicts on, finest first."""
OUTPUTS: Final = 15
"""Of each cell: a score as logit, four distances and ten landmark offsets; see `decoded`."""
LOG_DISTANCE_MAX: Final = 5.0


def cells(height_px: int, width_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """All cells of an image, finest map first, row by row.

    Args:
        height_px: a multiple of 32.
        width_px: likewise.

    Returns:
        float32[A, 2], x and y of each centre in pixels, and float32[A], the stride of each.
    """
    centres, strides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height_px // stride, 0 : width_px // stride]
        # A pixel's centre is at .0, so the middle of the first `stride` pixels is half one less.
        centres.append(np.stack([x, y], axis=-1).reshape(-1, 2) * stride + (stride - 1) / 2)
        strides.append(np.full(x.size, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def decoded(
    outputs: NDArray[np.float32], height_px: int, width_px: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Boxes, scores and landmarks of all cells.

    A side of the box lies exp(output) strides from the centre: left, top, right, bottom. A
    landmark lies its output times the stride from it.

    Args:
        outputs: float32[A, 15].
        height_px: of the image that the network was given.
        width_px: likewise.

    Returns:
        float[A, 4], float[A] in (0, 1), and float[A, 5, 2], in pixels.
    """
    centres, strides = cells(height_px, width_px)
    distances = np.exp(np.minimum(outputs[:, 1:5], LOG_DISTANCE_MAX)) * strides[:, None]
    boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)
    landmarks = centres[:, None] + outputs[:, 5:].reshape(-1, 5, 2) * strides[:, None, None]
    scores = 1 / (1 + np.exp(-np.clip(outputs[:, 0], -30, 30)))
    return boxes, scores, landmarks
