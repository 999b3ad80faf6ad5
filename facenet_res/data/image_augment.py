"""Random augmentation of images of any size, for classification: shift, turn, scale, tone, flip."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAugmentConfig:
    """The most that is done to an image; each amount is drawn evenly up to its limit.

    Attributes:
        shift_max: share of the side, in [0, 0.5].
        rotation_deg_max: in degrees, in [0, 180].
        scale_max: share by which the image grows or shrinks, in [0, 0.5].
        contrast_max: share by which contrast changes, in [0, 1].
        brightness_max: grey levels that are added or subtracted, in [0, 255].
        is_flipped: half of the images are mirrored.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    shift_max: float = 0.1
    rotation_deg_max: float = 10.0
    scale_max: float = 0.1
    contrast_max: float = 0.2
    brightness_max: float = 25.0
    is_flipped: bool = True

    def __post_init__(self) -> None:
        limits = {
            "shift_max": 0.5,
            "rotation_deg_max": 180.0,
            "scale_max": 0.5,
            "contrast_max": 1.0,
            "brightness_max": 255.0,
        }
        for name, limit in limits.items():
            if not 0 <= getattr(self, name) <= limit:
                raise ConfigInvalid(
                    f"augment.{name} must be in [0, {limit:g}], got {getattr(self, name)}"
                )


def augment_images(
    images: NDArray[np.uint8], config: ImageAugmentConfig, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A random version of each image: uint8[B, H, W, 3] -> the same; borders repeat the edge."""
    return np.stack([_augmented(image, config, rng) for image in images])


def _augmented(
    image: NDArray[np.uint8], config: ImageAugmentConfig, rng: np.random.Generator
) -> Any:
    height, width = image.shape[:2]
    turn, size, right, down, contrast, bright = rng.uniform(-1, 1, 6).tolist()
    matrix = cv2.getRotationMatrix2D(
        ((width - 1) / 2, (height - 1) / 2),
        config.rotation_deg_max * turn,
        1 + config.scale_max * size,
    )
    matrix[:, 2] += (config.shift_max * width * right, config.shift_max * height * down)
    if config.is_flipped and rng.random() < 0.5:
        # x becomes width - 1 - x, after all else.
        matrix[0] = -matrix[0]
        matrix[0, 2] += width - 1
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    # The middle grey stays where it is, so that contrast and brightness are two things.
    gain = 1 + config.contrast_max * contrast
    offset = 127.5 * (1 - gain) + config.brightness_max * bright
    levels = np.clip(np.arange(256) * gain + offset, 0, 255).astype(np.uint8)
    return cv2.LUT(moved, levels)
