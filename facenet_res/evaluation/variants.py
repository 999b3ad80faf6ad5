"""What a bad camera, a mask or a careless crop does to an aligned face, always the same.

Each variant takes an aligned face of 112 x 112 px, found on the clean image, and gives one of
the same size. It says how the *network* bears it: whether the detector would still find the face
is another question. Both faces of a pair are changed. What is random (noise, the side to turn to)
depends on the seed and the face's number only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from facenet_res.core.types import FACE_SIDE_PX, Faces, Image
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize, warp_affine

SEED: Final = 0
BLUR_SIGMA_PX: Final = 2.5
JPEG_QUALITY: Final = 30
SMALL_SIDE_PX: Final = 28
GAMMA: Final = 2.2
EXPOSURE: Final = 1 / 16
NOISE: Final = 0.003
MASK_TOP_PX: Final = 60
MASK_COLOUR: Final = (150, 190, 210)
ROTATION_DEG: Final = 20.0
# A turn by 20 degrees brings 15.7 px from beyond a corner into view.
MIRRORED_PX: Final = 24

Change = Callable[[Image, np.random.Generator], Image]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to make a face harder.

    Attributes:
        name: short, for tables.
        definition: exactly what is done, for people.
        change: does it to uint8[112, 112, 3], with a generator of the face's own.
    """

    name: str
    definition: str
    change: Change


def changed(faces: Faces, variant: Variant, first: int = 0) -> Faces:
    """The faces under a variant.

    Args:
        faces: uint8[B, 112, 112, 3].
        variant: one of `VARIANTS`.
        first: number of the first face in its set: a face's noise does not depend on its batch.

    Returns:
        uint8[B, 112, 112, 3], a new array.
    """
    return np.stack(
        [
            variant.change(face, np.random.default_rng((SEED, number)))
            for number, face in enumerate(faces, start=first)
        ]
    )


def _blurred(face: Image, random: np.random.Generator) -> Image:
    return np.asarray(cv2.GaussianBlur(face, (0, 0), BLUR_SIGMA_PX), np.uint8)


def _compressed(face: Image, random: np.random.Generator) -> Image:
    return decode_image(encode_jpeg(face, JPEG_QUALITY))


def _small(face: Image, random: np.random.Generator) -> Image:
    return resize(resize(face, SMALL_SIDE_PX, SMALL_SIDE_PX), FACE_SIDE_PX, FACE_SIDE_PX)


def dark(face: Image, random: np.random.Generator) -> Image:
    """A sixteenth of the light, with noise."""
    light = EXPOSURE * (face / 255.0) ** GAMMA
    light += random.normal(0.0, NOISE, face.shape)
    return np.rint(255.0 * np.clip(light, 0.0, 1.0) ** (1 / GAMMA)).astype(np.uint8)


def _masked(face: Image, random: np.random.Generator) -> Image:
    covered = face.copy()
    covered[MASK_TOP_PX:] = MASK_COLOUR
    return covered


def _turned(face: Image, random: np.random.Generator) -> Image:
    side_px = FACE_SIDE_PX + 2 * MIRRORED_PX
    around = ((MIRRORED_PX, MIRRORED_PX), (MIRRORED_PX, MIRRORED_PX), (0, 0))
    padded = np.ascontiguousarray(np.pad(face, around, mode="reflect"))
    degrees = ROTATION_DEG if random.random() < 0.5 else -ROTATION_DEG
    middle = (side_px - 1) / 2
    turn = np.asarray(cv2.getRotationMatrix2D((middle, middle), degrees, 1.0), np.float64)
    turn[:, 2] -= MIRRORED_PX
    return warp_affine(padded, turn, FACE_SIDE_PX, FACE_SIDE_PX)


VARIANTS: Final = (
    Variant("blur", f"Gaussian blur of sigma {BLUR_SIGMA_PX:g} px", _blurred),
    Variant(f"JPEG {JPEG_QUALITY}", f"saved as JPEG of quality {JPEG_QUALITY}", _compressed),
    Variant(
        f"{SMALL_SIDE_PX} px",
        f"reduced to {SMALL_SIDE_PX} x {SMALL_SIDE_PX} px by averaging, enlarged bilinearly",
        _small,
    ),
    Variant(
        "low light",
        f"a sixteenth of the light (gamma {GAMMA:g}), Gaussian noise of {NOISE:g} of full light",
        dark,
    ),
    Variant(
        "mask",
        f"all below row {MASK_TOP_PX} of 112, from the bridge of the nose down, in one pale blue",
        _masked,
    ),
    Variant(
        "rotation",
        f"turned by {ROTATION_DEG:g} degrees to the left or to the right, half of the faces each; "
        "beyond its edges the crop goes on as its mirror image, so that no black corner shows",
        _turned,
    ),
)
