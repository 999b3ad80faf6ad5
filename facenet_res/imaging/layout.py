"""What a header tells of an image."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """An image file's own account of itself, checked against its length.

    Attributes:
        format: of the file.
        width_px: as stored, before the orientation is applied.
        height_px: as stored, before the orientation is applied.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
        has_alpha: whether pixels may be transparent.
        pixel_bytes: what to hand the decoder: the file, or of it what the pixels need.
        has_all_scans: whether a JPEG's scans hold every coefficient. A progressive file may leave
            some out, but so does one that was cut off.
    """

    format: Literal["JPEG", "PNG", "WebP"]
    width_px: int
    height_px: int
    orientation: int
    has_alpha: bool
    pixel_bytes: bytes
    has_all_scans: bool = True
