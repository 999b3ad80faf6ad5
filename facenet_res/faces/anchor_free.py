"""A face detector around a network of `models.anchor_free`, whatever runtime computes it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_image
from facenet_res.core.cells import STRIDES, decoded
from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.types import Box, Detection, Image
from facenet_res.faces.detector import largest_first
from facenet_res.faces.suppression import suppress
from facenet_res.imaging.warp import resize

GREY = 127
Forward = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""uint8[1, H, W, 3] RGB, H and W multiples of 32 -> float32[1, A, 15]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFreeConfig:
    """What counts as a face, and on how large a copy it is looked for.

    Attributes:
        score_min: least score of a detection, in (0, 1].
        iou_max: a box that overlaps a better one by more than this is the same face.
        side_px_max: longer side of the copy that is searched, a multiple of 32.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    score_min: float = 0.3
    iou_max: float = 0.4
    side_px_max: int = 480

    def __post_init__(self) -> None:
        if not 0 < self.score_min <= 1 or not 0 < self.iou_max <= 1:
            raise ConfigInvalid(
                f"score_min and iou_max must be in (0, 1], got {self.score_min}, {self.iou_max}"
            )
        if self.side_px_max < STRIDES[-1] or self.side_px_max % STRIDES[-1]:
            raise ConfigInvalid(
                f"side_px_max must be a multiple of {STRIDES[-1]}, got {self.side_px_max}"
            )


class AnchorFreeDetector:
    """Finds faces by one run of a network over a padded copy. As thread-safe as `forward`."""

    def __init__(self, forward: Forward, config: AnchorFreeConfig = AnchorFreeConfig()) -> None:
        """Joins a network with its limits."""
        self._forward = forward
        self._config = config

    def detect(self, image: Image) -> list[Detection]:
        """See `Detector.detect`; boxes may reach beyond the image."""
        config = self._config
        height_px, width_px = check_image(image).shape[:2]
        scale = min(1.0, config.side_px_max / max(height_px, width_px))
        width, height = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        copy = resize(image, width, height) if scale < 1 else image
        padded = np.full((1, _up(height), _up(width), 3), GREY, np.uint8)
        padded[0, :height, :width] = copy
        outputs = np.asarray(self._forward(padded), np.float32)[0]
        boxes, scores, landmarks = decoded(outputs, padded.shape[1], padded.shape[2])
        kept = np.flatnonzero(scores >= config.score_min)
        kept = kept[suppress(boxes[kept], scores[kept], config.iou_max)]
        ratio = np.array([width_px / width, height_px / height])
        return largest_first(
            [
                Detection(
                    Box(*(boxes[each] * np.tile(ratio, 2)).tolist()),
                    float(scores[each]),
                    ((landmarks[each] + 0.5) * ratio - 0.5).astype(np.float32),
                )
                for each in kept
            ]
        )


def _up(side_px: int) -> int:
    return -(-side_px // STRIDES[-1]) * STRIDES[-1]
