"""RGB pixels to JPEG bytes: crops for reports and for stored faces."""

from typing import Final

import cv2

from facenet_res.core.arrays import check_image
from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.types import Image

JPEG_SIDE_PX_MAX: Final = 65_500
"""What libjpeg writes; the format itself ends at 65,535."""


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """Encodes an image as JPEG.

    Args:
        image: uint8[H, W, 3], RGB.
        quality: 1 to 100; 90 shows no artefacts on a face.

    Raises:
        ArgumentInvalid: the quality is out of range, or a side is over 65,500 px.
        ArrayInvalid: the image has another shape or type.
    """
    if not 1 <= quality <= 100:
        raise ArgumentInvalid(f"JPEG quality must be in [1, 100], got {quality}")
    longest_px = max(check_image(image).shape[:2])
    if longest_px > JPEG_SIDE_PX_MAX:
        raise ArgumentInvalid(f"a JPEG's side is at most {JPEG_SIDE_PX_MAX} px, got {longest_px}")
    swapped = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, buffer = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, quality])
    encoded: bytes = buffer.tobytes()
    return encoded
