"""A small description of a picture that survives re-encoding, resizing and cropping.

The picture, squeezed to 32 x 32 grey, goes through a cosine transform; of its lowest 8 x 8 waves
the signed square roots make a unit vector of 64 numbers (the mean grey left out). Taking roots
keeps one strong wave, a bright face before a dark wall, from deciding alone. A second vector of the
inner part stands for what a crop leaves over.

Measured on 400 photographs, copies against originals: re-encoded at quality 30 and halved copies
have a cosine of 0.999 and more, those cropped by 5 % on a side or all around of at least 0.77,
those cropped by 10 % all around of 0.90; the most similar *different* photo lies at 0.54 (median).
What passes 0.6 is only a candidate: `align` compares the pixels.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.imaging.warp import resize

THUMBNAIL_PX: Final = 32
WAVES: Final = 8
DESCRIPTOR_DIM: Final = WAVES * WAVES
WHOLE: Final = 0
INNER: Final = 1
VIEWS: Final = 2

# What is cut off each side for the inner view: matches crops of 5 to 11 % all around.
INSET: Final = 0.08
# Below this spread, in grey levels of 255, there is no structure to compare, only noise.
SPREAD_MIN: Final = 2.0
# Grey levels between the channels of a grey picture saved in colour.
COLOUR_NOISE_MAX: Final = 4


def grey_of(image: Image) -> NDArray[np.uint8]:
    """The brightness, uint8[H, W], of a picture uint8[H, W, 3] RGB."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def is_grey(image: Image) -> bool:
    """Whether a picture uint8[H, W, 3] RGB has no colour anywhere, compression noise aside."""
    small = resize(image, THUMBNAIL_PX, THUMBNAIL_PX).astype(np.int16)
    return bool(np.ptp(small, axis=2).max() <= COLOUR_NOISE_MAX)


def thumbnail_of(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[H, W] squeezed to uint8[32, 32]."""
    return resize(grey, THUMBNAIL_PX, THUMBNAIL_PX)


def descriptors_of(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32[2, 64], the whole and the inner view, each of unit length.

    A picture without structure (one colour, empty paper) has zeros: it is like nothing, and only
    byte-equal copies of it are found.
    """
    height_px, width_px = grey.shape
    dy, dx = int(height_px * INSET), int(width_px * INSET)
    inner = grey[dy : height_px - dy, dx : width_px - dx]
    return np.stack([_descriptor(grey), _descriptor(inner)])


def _descriptor(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = thumbnail_of(grey).astype(np.float32)
    if float(small.std()) < SPREAD_MIN:
        return np.zeros(DESCRIPTOR_DIM, np.float32)
    waves = cv2.dct(small)[:WAVES, :WAVES].copy()
    waves[0, 0] = 0.0
    roots = np.copysign(np.sqrt(np.abs(waves)), waves).ravel()
    length = math.sqrt(float(roots @ roots))
    return np.asarray(roots / max(length, 1e-6), np.float32)
