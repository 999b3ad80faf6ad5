"""Whether one image shows another in a frame: a border, bars, a screenshot, rotated corners."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.imaging.geometry import transform_points

COVER_MIN: Final = 0.97
"""Share of an image from which on it counts as shown whole."""

# Grey levels within which a border is of one colour, and how much of it is.
_PLAIN_LEVELS: Final = 16.0
_PLAIN_SHARE: Final = 0.8


def is_framed(first: Image, second: Image, pair: CopyPair) -> bool:
    """Whether the second of two copies shows the first in a frame, and not more of the scene.

    Around the first there is one colour, or a step along its edge: a border, a screenshot, the
    corners of a rotation. A scene goes on there.

    Args:
        first: a view, uint8[h, w, 3].
        second: a view.
        pair: how they lie over each other.
    """
    if pair.covers[1] >= COVER_MIN:
        return False
    height_px, width_px = second.shape[:2]
    grey = second.astype(np.float32).mean(axis=2)
    to_px = np.diag((width_px, height_px)) @ np.array(pair.place).reshape(2, 3)
    inner = transform_points(to_px, _inset(2 / max(1.0, float(np.abs(to_px[:, :2]).max()))))
    mask = np.ones(grey.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(inner).astype(np.int32), 0)
    around = grey[mask > 0]
    if around.size and (np.abs(around - np.median(around)) < _PLAIN_LEVELS).mean() > _PLAIN_SHARE:
        return True
    return has_step(grey, to_px)


def _inset(share: float) -> NDArray[np.float64]:
    """The corners of a frame, moved out by a share."""
    low, high = -share, 1 + share
    return np.array([[low, low], [high, low], [high, high], [low, high]])


def has_step(grey: NDArray[np.float32], to_px: NDArray[np.float64]) -> bool:
    """Whether brightness jumps along an edge of the first frame.

    Args:
        grey: float32[h, w], of the second view.
        to_px: float64[2, 3], from shares of the first frame to pixels of the second view.
    """
    height_px, width_px = grey.shape
    # Shares of the first frame that are three pixels of the second view.
    steps = 3 / np.maximum(np.abs(to_px[:, :2]).sum(axis=0), 1)
    along = np.linspace(0.04, 0.96, 60)
    for axis, end in ((0, 0), (0, 1), (1, 0), (1, 1)):
        levels = []
        shown = np.ones(len(along), np.bool_)
        for offset in (1, -1, -3):
            across = np.full_like(along, end + (2 * end - 1) * offset * steps[axis])
            points = np.stack([across, along] if axis == 0 else [along, across], axis=1)
            x, y = np.rint(transform_points(to_px, points) - 0.5).astype(int).T
            shown &= (x >= 0) & (x < width_px) & (y >= 0) & (y < height_px)
            levels.append(grey[y.clip(0, height_px - 1), x.clip(0, width_px - 1)])
        if shown.sum() < len(along) / 4:
            continue
        outer, edge, deep = (each[shown] for each in levels)
        if np.abs(outer - edge).mean() > 2.0 * np.abs(edge - deep).mean() + 6:
            return True
    return False
