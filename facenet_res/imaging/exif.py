"""The EXIF orientation: read it from the tag, and turn the picture upright.

Read here and not by OpenCV, so that JPEG, PNG and WebP are treated alike, with and without alpha.

Source: CIPA DC-008 (Exif 2.32), 4.6.4, tag 0x0112; TIFF 6.0, section 2.
"""

import struct
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

UPRIGHT: Final = 1

_PREFIX: Final = b"Exif\x00\x00"
_TAG_ORIENTATION: Final = 0x0112
_TYPE_SHORT: Final = 3
_ENTRY_BYTES: Final = 12


def read_orientation(exif: bytes) -> int:
    """The orientation of an EXIF block, with or without its "Exif" prefix.

    A damaged block is no reason to refuse a picture that can be seen: it counts as upright.

    Returns:
        1 to 8; 1 where the block says nothing that can be understood.
    """
    tiff = exif.removeprefix(_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return UPRIGHT
    magic, start = struct.unpack_from(f"{order}HI", tiff, 2)
    if magic != 42 or start + 2 > len(tiff):
        return UPRIGHT
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    first = start + 2
    last = min(first + count * _ENTRY_BYTES, len(tiff) - _ENTRY_BYTES + 1)
    for entry in range(first, last, _ENTRY_BYTES):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _TAG_ORIENTATION:
            return value if kind == _TYPE_SHORT and 1 <= value <= 8 else UPRIGHT
    return UPRIGHT


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture as it is meant to be seen.

    Args:
        pixels: uint8[H, W, C] as stored.
        orientation: 1 to 8.

    Returns:
        uint8[H, W, C], or uint8[W, H, C] for orientations 5 to 8.
    """
    turned: Any = pixels
    match orientation:
        case 2:
            turned = cv2.flip(pixels, 1)
        case 3:
            turned = cv2.rotate(pixels, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(pixels, 0)
        case 5:
            turned = cv2.transpose(pixels)
        case 6:
            turned = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180)
        case 8:
            turned = cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.asarray(turned, np.uint8)
