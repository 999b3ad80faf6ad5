"""Resampling: with `imaging.pyramid`, the only place that calls cv2.warpAffine and cv2.resize.

Coordinates have a pixel's centre at .0, as everywhere in the house. Whatever shrinks is averaged
first, so that fine structure does not turn into noise.
"""

import math
from typing import Final

import cv2
import numpy as np

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.types import Image
from facenet_res.imaging.geometry import Transform, invert, transform_points

# Bilinear sampling reads four neighbours: up to here it skips no pixel.
_SHRINK_MAX: Final = 2.0


def resize(image: Image, width_px: int, height_px: int) -> Image:
    """The image at another size: averaged where it shrinks, bilinear where it grows.

    Raises:
        ArgumentInvalid: a side below 1 px.
    """
    if width_px < 1 or height_px < 1:
        raise ArgumentInvalid(f"an image is at least 1x1 px, got {width_px}x{height_px}")
    shrinks = width_px < image.shape[1] or height_px < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width_px, height_px), interpolation=method), np.uint8)


def warp_affine(
    image: Image, transform: Transform, width_px: int, height_px: int, fill: int = 0
) -> Image:
    """The image under a transform, bilinear; of one grey where the image does not reach.

    A transform that shrinks by more than 2 is applied to a copy of the part it shows, reduced by
    averaging: a face of 900 px would otherwise be sampled at every eighth pixel.

    Args:
        image: uint8[H, W, 3].
        transform: float64[2, 3], from pixels of the image to pixels of the result.
        width_px: of the result.
        height_px: of the result.
        fill: grey around the image, 0 (black) to 255.

    Returns:
        uint8[height_px, width_px, 3].

    Raises:
        ArrayInvalid: the transform flattens the plane.
    """
    (a, b, _), (c, d, _) = transform.tolist()
    if abs(a * d - b * c) < 1 / _SHRINK_MAX**2:
        image, transform = _reduced(image, transform, (width_px, height_px))
    warped = cv2.warpAffine(
        image,
        transform,
        (width_px, height_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(fill, fill, fill),
    )
    return np.asarray(warped, np.uint8)


def _reduced(
    image: Image, transform: Transform, size_px: tuple[int, int]
) -> tuple[Image, Transform]:
    """The part of the image that a transform shows, made smaller, and the transform from there."""
    inverse = invert(transform)
    shrink = math.sqrt(abs(float(np.linalg.det(inverse[:, :2]))))
    width_px, height_px = size_px
    corners = [(-1, -1), (width_px, -1), (-1, height_px), (width_px, height_px)]
    shown = transform_points(inverse, np.array(corners))
    limit = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(shown.min(axis=0) - shrink).astype(int), 0, limit - 1)
    high = np.clip(np.ceil(shown.max(axis=0) + shrink).astype(int), low + 1, limit)
    part = image[low[1] : high[1], low[0] : high[0]]
    reduced = resize(part, *(max(1, round(side / shrink)) for side in (high - low).tolist()))
    # A pixel of the reduced copy covers `ratio` pixels of the image; centres are at .0.
    ratio = (high - low) / np.array([reduced.shape[1], reduced.shape[0]])
    widened = np.column_stack([np.diag(ratio), low + (ratio - 1) / 2])
    linear = transform[:, :2]
    moved = np.column_stack([linear @ widened[:, :2], linear @ widened[:, 2] + transform[:, 2]])
    return reduced, moved
