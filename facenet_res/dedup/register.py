"""Lays one image over another: from corners or from the whole frame, then by the pixels.

Source: Evangelidis and Psarakis 2008, "Parametric Image Alignment Using Enhanced Correlation
Coefficient Maximization", as in OpenCV.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.imaging.geometry import invert
from facenet_res.imaging.warp import resize

Matrix = NDArray[np.float64]

_REFINE: Final = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 2e-5)
_BLUR_PX: Final = 5
# Copies reach 0.8 with a large caption and clipped highlights; most others end here.
SIMILARITY_MIN: Final = 0.6
_SIDE_PX_MIN: Final = 16
# Shrinking by less than this needs no average of pixels.
_NEARLY_EQUAL: Final = 0.9
_EDGE_PX: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """Two images in the frame of the coarser one.

    Attributes:
        source: uint8[H, W, 3], the finer one, moved.
        target: uint8[H, W, 3], the coarser one.
        seen: bool[H, W], what both show, without a margin of two pixels.
        source_to_target: float64[2, 3], pixels of the finer image as given to the target's.
        is_swapped: whether the first image is the target.
    """

    source: Image
    target: Image
    seen: NDArray[np.bool_]
    source_to_target: Matrix
    is_swapped: bool


def registered(first: Image, second: Image, start: Matrix) -> Registered | None:
    """Moves the finer of two images over the coarser one.

    Args:
        first: uint8[H, W, 3].
        second: uint8[H, W, 3].
        start: float64[2, 3], pixels of the first to pixels of the second, about right.

    Returns:
        None where they do not overlap, or have no structure.
    """
    scale = float(np.sqrt(abs(np.linalg.det(start[:, :2]))))
    is_swapped = scale > 1
    source, target, matrix = first, second, start
    if is_swapped:
        source, target, matrix, scale = second, first, invert(start), 1 / scale
    small, to_small = _shrunk(source, scale)
    found = _refined(small, target, _after(matrix, invert(to_small)))
    if found is None:
        return None
    height_px, width_px = target.shape[:2]
    flags = cv2.INTER_LINEAR
    moved = cv2.warpAffine(small, found, (width_px, height_px), flags=flags)
    everywhere = np.full(small.shape[:2], 255, np.uint8)
    seen = cv2.warpAffine(everywhere, found, (width_px, height_px), flags=flags) == 255
    seen = cv2.erode(seen.astype(np.uint8), np.ones((_EDGE_PX, _EDGE_PX), np.uint8)) > 0
    whole = _after(found, to_small)
    return Registered(np.asarray(moved, np.uint8), target, seen, whole, is_swapped)


def _shrunk(image: Image, scale: float) -> tuple[Image, Matrix]:
    """The image at the target's resolution, and the map from its pixels to those."""
    if scale >= _NEARLY_EQUAL:
        return image, np.eye(2, 3)
    height_px, width_px = image.shape[:2]
    size_px = max(1, round(width_px * scale)), max(1, round(height_px * scale))
    x, y = size_px[0] / width_px, size_px[1] / height_px
    # A pixel's centre is at .0.
    matrix = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]])
    return resize(image, *size_px), matrix


def _after(second: Matrix, first: Matrix) -> Matrix:
    """The map that does the first, then the second."""
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]])


def _refined(source: Image, target: Image, start: Matrix) -> Matrix | None:
    """The map from source to target that makes them correlate best, near a start."""
    if min(*source.shape[:2], *target.shape[:2]) < _SIDE_PX_MIN:
        return None
    a = cv2.cvtColor(source, cv2.COLOR_RGB2GRAY)
    b = cv2.cvtColor(target, cv2.COLOR_RGB2GRAY)
    back = invert(start).astype(np.float32)
    mask = np.full(a.shape, 255, np.uint8)
    try:
        similarity, found = cv2.findTransformECC(
            b, a, back, cv2.MOTION_AFFINE, _REFINE, mask, _BLUR_PX
        )
    except cv2.error:
        # OpenCV's way to say that they do not overlap, or that one is of one colour.
        return None
    if similarity < SIMILARITY_MIN:
        return None
    return invert(np.asarray(found, np.float64))
