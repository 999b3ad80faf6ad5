"""EXIF orientation, 1 to 8: reads it, and turns stored pixels upright.

Source: CIPA DC-008 (Exif 2.32), 4.6.4, tag 0x0112.
"""

from typing import Any, Final

import cv2
import numpy as np
import PIL.Image

from facenet_res.core.types import Image

UPRIGHT: Final = 1

_TAG: Final = 0x0112
# Real blocks are smaller, and Pillow makes a Python object of each value of a tag.
_EXIF_BYTES_MAX: Final = 1 << 20
# An upright image is the stored one, transposed for some, then flipped in x, y or both.
_TRANSPOSED: Final = (5, 6, 7, 8)
_FLIPPED_X: Final = (2, 3, 6, 7)
_FLIPPED_Y: Final = (3, 4, 7, 8)
_FLIP_CODES: Final = {(True, False): 1, (False, True): 0, (True, True): -1}


def read_orientation(exif: bytes | None) -> int:
    """Reads the orientation of an EXIF block, of any integer type.

    Returns:
        1 to 8; 1 without a block or tag, and of a damaged block: the image can be seen.
    """
    block = PIL.Image.Exif()
    try:
        block.load((exif or b"")[:_EXIF_BYTES_MAX])
        value = block.get(_TAG, UPRIGHT)
    except Exception:
        return UPRIGHT
    if isinstance(value, tuple | bytes):
        value = value[0] if value else UPRIGHT
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def upright_size(width_px: int, height_px: int, orientation: int) -> tuple[int, int]:
    """Width and height of the upright image."""
    return (height_px, width_px) if orientation in _TRANSPOSED else (width_px, height_px)


def flips(orientation: int) -> tuple[bool, bool]:
    """Whether the stored right or lower side, after transposing, lies left or on top."""
    return orientation in _FLIPPED_X, orientation in _FLIPPED_Y


def upright(pixels: Image, orientation: int) -> Image:
    """Turns stored pixels, uint8[H, W, 3], upright: uint8[W, H, 3] for orientations 5 to 8."""
    turned: Any = cv2.transpose(pixels) if orientation in _TRANSPOSED else pixels
    code = _FLIP_CODES.get(flips(orientation))
    if code is not None:
        # A third copy of a large image would pass the limit of memory.
        turned = cv2.flip(turned, code, dst=None if turned is pixels else turned)
    return np.asarray(turned, np.uint8)
