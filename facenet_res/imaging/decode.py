"""Image bytes to upright RGB pixels; the header's size is checked before anything is decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import (
    ConfigInvalid,
    FileMissing,
    ImageTooLarge,
    ImageUnreadable,
)
from facenet_res.core.types import Image
from facenet_res.imaging.exif import upright
from facenet_res.imaging.header import read_layout
from facenet_res.imaging.jpeg import is_closed_early
from facenet_res.imaging.layout import ImageLayout

MIB: Final = 1 << 20
# OpenCV's warps address pixels with 16 bits.
WARPED_SIDE_PX_MAX: Final = 32_766

# A JPEG's blocks of 8x8 px can be decoded to 4x4, 2x2 or 1x1.
_REDUCED: Final = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

# Rows blended at a time: wide sums of a whole 50-megapixel image would take 600 MB.
_BLEND_ROWS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """The largest image that is decoded.

    Attributes:
        bytes_max: of the file.
        pixels_max: width times height that the header declares; 3 bytes of memory each.
        side_px_max: of width and height.
    """

    bytes_max: int = 32 * MIB
    pixels_max: int = 50_000_000
    side_px_max: int = 20_000

    def __post_init__(self) -> None:
        for name in ("bytes_max", "pixels_max", "side_px_max"):
            if getattr(self, name) < 1:
                raise ConfigInvalid(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.side_px_max > WARPED_SIDE_PX_MAX:
            raise ConfigInvalid(
                f"side_px_max must be <= {WARPED_SIDE_PX_MAX}, got {self.side_px_max}"
            )


DEFAULT_LIMITS: Final = ImageLimits()


def decode_image(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Image:
    """Decodes a JPEG, PNG or WebP file.

    The EXIF orientation is applied. Grey becomes RGB, 16 bits become 8, transparent pixels are
    blended over white: what a person sees is what the detector sees. Of an animation the first
    picture is taken. Colour profiles are not applied.

    Args:
        data: the file's bytes.
        limits: what to refuse.

    Returns:
        uint8[H, W, 3], RGB.

    Raises:
        ImageTooLarge: the file, or the size its header declares, is over a limit.
        ImageUnreadable: another format, or a damaged or cut-off file. What no format's checks can
            see passes: a few damaged pixels, or the cuts that `imaging.jpeg` names. libjpeg may
            then write a warning to stderr by itself.
    """
    return decode_layout(checked_layout(data, limits))


def checked_layout(data: bytes, limits: ImageLimits) -> ImageLayout:
    """What an image file says of itself, if it is within the limits; nothing is decoded.

    Raises:
        ImageTooLarge, ImageUnreadable: as for `decode_image`.
    """
    _check_bytes(len(data), limits)
    layout = read_layout(data)
    check_size(layout.width_px, layout.height_px, limits)
    return layout


def decode_layout(layout: ImageLayout, shrink: int = 1) -> Image:
    """Decodes what `checked_layout` let pass.

    Args:
        layout: of the file.
        shrink: 1, or of a JPEG 2, 4 or 8: the decoder leaves out the fine detail and writes one
            pixel for each square of so many, at a fraction of the time and memory.

    Returns:
        uint8[ceil(H / shrink), ceil(W / shrink), 3], RGB, upright.

    Raises:
        ImageUnreadable: as for `decode_image`.
    """
    pixels = _decoded(layout, layout.pixel_bytes, shrink)
    if layout.format == "JPEG" and is_closed_early(
        layout, pixels, lambda data: _decoded(layout, data, shrink)
    ):
        raise ImageUnreadable("the JPEG is cut off: its end marker comes before the last pixels")
    return upright(pixels, layout.orientation)


def read_image(path: Path, limits: ImageLimits = DEFAULT_LIMITS) -> Image:
    """Reads and decodes an image file; see `decode_image`.

    Raises:
        FileMissing: there is no such file, or it cannot be read.
        ImageTooLarge: as for `decode_image`; a file over the limit is not read at all.
        ImageUnreadable: as for `decode_image`.
    """
    return decode_image(read_image_bytes(path, limits), limits)


def read_image_bytes(path: Path, limits: ImageLimits = DEFAULT_LIMITS) -> bytes:
    """The bytes of an image file, not decoded.

    Raises:
        FileMissing: there is no such file, or it cannot be read.
        ImageTooLarge: the file has more bytes than the limit; none is read then.
    """
    try:
        with path.open("rb") as file:
            # One byte more than allowed tells, also for a pipe, that the file is too large.
            data = file.read(limits.bytes_max + 1)
            found = max(len(data), path.stat().st_size)
    except OSError as error:
        raise FileMissing(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        # A path with a null character or half a surrogate in it.
        raise FileMissing(f"{str(path)!a}: {error}") from error
    _check_bytes(found, limits)
    return data


def _check_bytes(found: int, limits: ImageLimits) -> None:
    if found > limits.bytes_max:
        raise ImageTooLarge(f"the file has {found} bytes, limit is {limits.bytes_max}")


def check_size(width_px: int, height_px: int, limits: ImageLimits) -> None:
    """Checks an image's size against the limits.

    Raises:
        ImageTooLarge: it has too many pixels, or too long a side.
    """
    if width_px * height_px > limits.pixels_max:
        raise ImageTooLarge(
            f"the image is {width_px}x{height_px} px, {width_px * height_px} in all, "
            f"limit is {limits.pixels_max}"
        )
    if max(width_px, height_px) > limits.side_px_max:
        raise ImageTooLarge(
            f"the image is {width_px}x{height_px} px, limit of a side is {limits.side_px_max}"
        )


def _decoded(layout: ImageLayout, data: bytes, shrink: int) -> Image:
    buffer = np.frombuffer(data, np.uint8)
    flags = _REDUCED[shrink] if shrink > 1 else cv2.IMREAD_COLOR_RGB
    if layout.has_alpha:
        flags = cv2.IMREAD_UNCHANGED
    try:
        pixels: Any = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise ImageUnreadable(f"the {layout.format} is damaged: {error.err}") from error
    if pixels is None:
        raise ImageUnreadable(f"the {layout.format} is damaged or of a rare kind: decoding failed")
    if pixels.shape[:2] != (-(-layout.height_px // shrink), -(-layout.width_px // shrink)):
        raise ImageUnreadable(
            f"the {layout.format} decodes to {pixels.shape[1]}x{pixels.shape[0]} px at 1/{shrink}, "
            f"its header says {layout.width_px}x{layout.height_px}"
        )
    if layout.has_alpha:
        return _over_white(pixels)
    if shrink > 1:
        # OpenCV has no reduced decoding to RGB.
        cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return np.asarray(pixels, np.uint8)


def _over_white(stored: NDArray[np.uint8] | NDArray[np.uint16]) -> Image:
    """Blends what OpenCV returns unchanged, BGR with or without alpha, over white, as RGB."""
    pixels = (stored >> 8).astype(np.uint8) if stored.dtype == np.uint16 else stored
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    blended = np.empty((*pixels.shape[:2], 3), np.uint8)
    for row in range(0, len(pixels), _BLEND_ROWS):
        band = pixels[row : row + _BLEND_ROWS].astype(np.uint16)
        alpha = band[:, :, 3:]
        blended[row : row + _BLEND_ROWS] = (
            band[:, :, 2::-1] * alpha + 255 * (255 - alpha) + 127
        ) // 255
    return blended
