"""What is kept of an image to find its copies: a small view, its corners, its lowest waves.

The view is at most 256 px a side. Corners (see `features`) find nearly all copies. The waves stand
for images that have few corners: squeezed to 32 x 32 grey, the image goes through a cosine
transform, and of its lowest 8 x 8 waves the signed square roots make a unit vector of 64 numbers
(the mean grey left out). Taking roots keeps one strong wave, a bright face before a dark wall, from
deciding alone. A second vector of the inner part stands for what a crop leaves over.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.features import Features, features_of
from facenet_res.imaging.warp import resize

VIEW_PX: Final = 256
DETAIL_PX: Final = 1024
SQUEEZED_PX: Final = 32
WAVES: Final = 8
DESCRIPTOR_DIM: Final = WAVES * WAVES
VIEWS: Final = 2

# What is cut off each side for the inner view: matches crops of 5 to 11 % all around.
INSET: Final = 0.08
# Below this spread, in grey levels of 255, there is no structure to compare, only noise.
SPREAD_MIN: Final = 2.0
# Grey levels between the channels of a grey picture saved in colour.
COLOUR_NOISE_MAX: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of one image.

    Attributes:
        width_px: of the upright image.
        height_px: of the upright image.
        pixels_sha256: of the upright pixels, 64 hexadecimal digits.
        is_grey: whether the image has no colour.
        colour: spread of the colours off their main line as a share of that of the brightness:
            near 0 for grey and sepia.
        clipped: share of the pixels that are black or white in some channel.
        detail: energy of the finest octave at full size, in grey levels squared.
        view: uint8[h, w, 3], at most 256 px a side.
        plain: corners of the view.
        mirrored: corners of the mirrored view.
        descriptors: float32[2, 64], of the whole image and of its inner part.
    """

    width_px: int
    height_px: int
    pixels_sha256: str
    is_grey: bool
    colour: float
    clipped: float
    detail: float
    view: Image
    plain: Features
    mirrored: Features
    descriptors: NDArray[np.float32]


def fingerprint_of(image: Image) -> Fingerprint:
    """Describes an image, uint8[H, W, 3]."""
    view = view_of(image)
    grey = grey_of(view)
    height_px, width_px = image.shape[:2]
    # The shape too: the same bytes may be rows of another length.
    pixels = hashlib.sha256(f"{width_px}x{height_px} ".encode())
    pixels.update(np.ascontiguousarray(image).data)
    return Fingerprint(
        width_px,
        height_px,
        pixels.hexdigest(),
        is_grey(view),
        colour_of(view),
        float(((view <= 2) | (view >= 253)).any(axis=2).mean()),
        detail_of(image),
        view,
        features_of(grey),
        features_of(np.ascontiguousarray(grey[:, ::-1])),
        descriptors_of(grey),
    )


def view_of(image: Image) -> Image:
    """The image, averaged down to at most 256 px a side."""
    height_px, width_px = image.shape[:2]
    ratio = VIEW_PX / max(height_px, width_px)
    if ratio >= 1:
        return image
    return resize(image, max(1, round(width_px * ratio)), max(1, round(height_px * ratio)))


def colour_of(view: Image) -> float:
    """Second spread of the differences of the channels: one tint over a grey image has none."""
    pixels = view.reshape(-1, 3).astype(np.float32)
    if len(pixels) < 2:
        return 0.0
    differences = np.stack([pixels[:, 0] - pixels[:, 1], pixels[:, 1] - pixels[:, 2]])
    least = max(0.0, float(np.linalg.eigvalsh(np.cov(differences))[0]))
    return math.sqrt(least) / (float(pixels.mean(axis=1).std()) + 1.0)


def detail_of(image: Image) -> float:
    """How much of the middle of an image is lost at half its size, in grey levels squared."""
    height_px, width_px = image.shape[:2]
    top, left = max(0, height_px - DETAIL_PX) // 2, max(0, width_px - DETAIL_PX) // 2
    grey = grey_of(np.ascontiguousarray(image[top : top + DETAIL_PX, left : left + DETAIL_PX]))
    height_px, width_px = grey.shape
    half = resize(grey, max(1, width_px // 2), max(1, height_px // 2))
    back = cv2.resize(half, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return float(np.square(grey.astype(np.float32) - back).mean())


def grey_of(image: Image) -> NDArray[np.uint8]:
    """The brightness, uint8[H, W], of a picture uint8[H, W, 3] RGB."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def is_grey(image: Image) -> bool:
    """Whether a picture uint8[H, W, 3] RGB has no colour anywhere, compression noise aside."""
    small = resize(image, SQUEEZED_PX, SQUEEZED_PX).astype(np.int16)
    return bool(np.ptp(small, axis=2).max() <= COLOUR_NOISE_MAX)


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
    small = resize(grey, SQUEEZED_PX, SQUEEZED_PX).astype(np.float32)
    if float(small.std()) < SPREAD_MIN:
        return np.zeros(DESCRIPTOR_DIM, np.float32)
    waves = cv2.dct(small)[:WAVES, :WAVES].copy()
    waves[0, 0] = 0.0
    roots = np.copysign(np.sqrt(np.abs(waves)), waves).ravel()
    length = math.sqrt(float(roots @ roots))
    return np.asarray(roots / max(length, 1e-6), np.float32)
