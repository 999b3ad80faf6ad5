"""Whether what differs between two registered images was laid over one of them.

A caption or a logo stands on one image, and the other shows there what its surroundings promise.
Two captions on one template, and two frames of a burst, have something of their own on each side.
Two tests, either is enough:

- thin things (text, lines): each differing pixel is held against the surroundings, painted in.
  The image that deviates more is the one with the overlay, and it must nearly always be the same.
- solid things (logos, bars): their outlines are edges of one image and not of the other.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Set by `tests/benchmarks/copy_limits.py`.
_THIN_MIN: Final = 0.84
_SOLID_SAME_MIN: Final = 0.9
_SOLID_EDGE_MIN: Final = 0.2
_SOLID_SHARE: Final = 0.4
_PAINT_PX: Final = 3


def overlay_side(first: Float, second: Float, differs: Mask) -> int:
    """Which of two images has something laid over the other.

    Args:
        first: float32[H, W], grey.
        second: float32[H, W], grey, registered.
        differs: bool[H, W], where they differ.

    Returns:
        1 or 2 for the image with the overlay; 0 where both have something of their own.
    """
    mask = differs.astype(np.uint8)
    if not mask.any():
        return 0
    thin = _deviation(first, second, mask)
    if abs(thin) >= _THIN_MIN:
        return 2 if thin > 0 else 1
    solid = cv2.erode(mask, _square(3)).sum() >= _SOLID_SHARE * mask.sum()
    if not solid:
        return 0
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _square(5))
    same, edge = _outlines(first, second, np.asarray(closed, np.uint8))
    if same >= _SOLID_SAME_MIN and abs(edge) >= _SOLID_EDGE_MIN:
        return 2 if edge > 0 else 1
    return 0


def _deviation(first: Float, second: Float, mask: NDArray[np.uint8]) -> float:
    """In [-1, 1]: how consistently the second (1) deviates more from the surroundings."""
    around = np.clip(second, 0, 255).astype(np.uint8)
    hole = cv2.dilate(mask, _square(3))
    painted = cv2.inpaint(around, hole, _PAINT_PX, cv2.INPAINT_TELEA).astype(np.float32)
    more = (np.abs(second - painted) - np.abs(first - painted))[mask > 0]
    total = float(np.abs(more).sum())
    return float(more.sum()) / total if total > 0 else 0.0


def _outlines(first: Float, second: Float, mask: NDArray[np.uint8]) -> tuple[float, float]:
    """Whether all outlines are of one image, in [0, 1]; and how clearly of the second, [-1, 1]."""
    steps = _steps(second) - _steps(first)
    count, labels = cv2.connectedComponents(mask)
    edge = (cv2.dilate(mask, _square(3)) - cv2.erode(mask, _square(3))) > 0
    # The outline of a part lies one pixel around it too.
    around = cv2.dilate(labels.astype(np.float32), _square(3)).astype(np.int64)
    sums = np.bincount(around[edge], steps[edge], minlength=count)
    total, each = float(np.abs(steps[edge]).sum()), float(np.abs(sums).sum())
    if total <= 0 or each <= 0:
        return 0.0, 0.0
    return float(abs(sums.sum())) / each, float(sums.sum()) / total


def _steps(grey: Float) -> Float:
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(dx, dy), np.float32)


def _square(side_px: int) -> NDArray[np.uint8]:
    return np.ones((side_px, side_px), np.uint8)
