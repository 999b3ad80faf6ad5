"""Training images of a detector: several images on one canvas, at random scales (a mosaic)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import Detection, Image
from facenet_res.imaging.warp import resize

MIRRORED_LANDMARKS = (1, 0, 2, 4, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class MosaicConfig:
    """How a canvas is filled.

    Attributes:
        side_px: of the canvas, a multiple of 32.
        grid_max: a canvas has 1 to so many images along each side, at least 1.
        zoom_max: an image covers its part of the canvas, magnified by up to this, at least 1.
        visible_min: share of a face that its part of the canvas shows; of less it is ignored. In
            (0, 1]. Boxes end where that part does, landmarks may lie beyond.
        face_px_min: side of the smallest face that counts; smaller ones are ignored.
        contrast_max: share by which contrast changes, in [0, 1].
        brightness_max: grey levels that are added or subtracted.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    side_px: int = 256
    grid_max: int = 4
    zoom_max: float = 2.0
    visible_min: float = 0.6
    face_px_min: float = 10.0
    contrast_max: float = 0.3
    brightness_max: float = 30.0

    def __post_init__(self) -> None:
        if self.side_px < 32 or self.side_px % 32 or self.grid_max < 1 or self.zoom_max < 1:
            raise ConfigInvalid(
                "need mosaic.side_px a multiple of 32, grid_max >= 1 and zoom_max >= 1, got "
                f"{self.side_px}, {self.grid_max} and {self.zoom_max}"
            )
        if not 0 < self.visible_min <= 1:
            raise ConfigInvalid(f"mosaic.visible_min must be in (0, 1], got {self.visible_min}")


@dataclass(frozen=True, slots=True, eq=False)
class BoxedImage:
    """An image and the faces it shows.

    Attributes:
        pixels: uint8[H, W, 3] RGB.
        boxes: float32[F, 4], x0, y0, x1, y1; F may be 0.
        landmarks: float32[F, 5, 2], in the order of `Detection`.
        ignored: float32[G, 4], where it is not known whether there is a face.
    """

    pixels: Image
    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    ignored: NDArray[np.float32]


def boxed_image(pixels: Image, detections: Sequence[Detection]) -> BoxedImage:
    """An image with a detector's output as its labels."""
    sides = [(each.box.x0, each.box.y0, each.box.x1, each.box.y1) for each in detections]
    points = [each.landmarks for each in detections]
    return BoxedImage(
        pixels,
        np.array(sides, np.float32).reshape(-1, 4),
        np.array(points, np.float32).reshape(-1, 5, 2),
        np.empty((0, 4), np.float32),
    )


def mosaic(
    images: Sequence[BoxedImage], config: MosaicConfig, rng: np.random.Generator
) -> BoxedImage:
    """A canvas of 1 to `grid_max` squared random images, each scaled, cut and perhaps mirrored.

    Args:
        images: at least 1.
        config: how.
        rng: draws everything.
    """
    grid = int(rng.integers(1, config.grid_max + 1))
    edges = np.linspace(0, config.side_px, grid + 1).astype(int).tolist()
    canvas = np.empty((config.side_px, config.side_px, 3), np.uint8)
    parts = []
    for top, bottom in pairwise(edges):
        for left, right in pairwise(edges):
            chosen = images[int(rng.integers(len(images)))]
            part = _cut(chosen, right - left, bottom - top, config, rng)
            canvas[top:bottom, left:right] = part.pixels
            parts.append(_moved(part, left, top))
    gain = 1 + config.contrast_max * float(rng.uniform(-1, 1))
    offset = 127.5 * (1 - gain) + config.brightness_max * float(rng.uniform(-1, 1))
    levels = np.clip(np.arange(256) * gain + offset, 0, 255).astype(np.uint8)
    return BoxedImage(
        np.asarray(cv2.LUT(canvas, levels), np.uint8),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("boxes", "landmarks", "ignored")
        ),
    )


def _cut(
    image: BoxedImage, width_px: int, height_px: int, config: MosaicConfig, rng: np.random.Generator
) -> BoxedImage:
    """A random part of an image at a random scale, of the given size."""
    height, width = image.pixels.shape[:2]
    zoom = math.exp(float(rng.uniform(0, math.log(config.zoom_max))))
    scale = max(width_px / width, height_px / height) * zoom
    size = max(width_px, round(width * scale)), max(height_px, round(height * scale))
    x, y = (int(rng.integers(0, free + 1)) for free in (size[0] - width_px, size[1] - height_px))
    pixels = resize(image.pixels, *size)[y : y + height_px, x : x + width_px]
    ratio = np.array([size[0] / width, size[1] / height], np.float32)
    corner = np.array([x, y], np.float32)
    boxes = image.boxes * np.tile(ratio, 2) - np.tile(corner, 2)
    landmarks = (image.landmarks + 0.5) * ratio - 0.5 - corner
    ignored = image.ignored * np.tile(ratio, 2) - np.tile(corner, 2)
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
        boxes, ignored = (
            np.stack([width_px - b[:, 2], b[:, 1], width_px - b[:, 0], b[:, 3]], axis=1)
            for b in (boxes, ignored)
        )
        landmarks = landmarks[:, MIRRORED_LANDMARKS]
        landmarks = np.stack([width_px - 1 - landmarks[..., 0], landmarks[..., 1]], axis=-1)
    limits = np.array([width_px, height_px] * 2, np.float32)
    clipped = np.clip(boxes, 0, limits)
    area, visible = (np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, clipped))
    is_gone = visible <= 0
    is_kept = (visible >= config.visible_min * area) & (area >= config.face_px_min**2) & ~is_gone
    return BoxedImage(
        pixels,
        clipped[is_kept],
        landmarks[is_kept],
        np.concatenate([np.clip(ignored, 0, limits), clipped[~is_kept & ~is_gone]]),
    )


def _moved(part: BoxedImage, x: int, y: int) -> BoxedImage:
    corner = np.array([x, y], np.float32)
    both = np.tile(corner, 2)
    return BoxedImage(part.pixels, part.boxes + both, part.landmarks + corner, part.ignored + both)
