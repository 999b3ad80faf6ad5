"""Image bytes to upright RGB pixels; size and memory are checked before anything is decoded."""

import zlib
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facenet_res.core.errors import ConfigInvalid, FileMissing, ImageTooLarge, ImageUnreadable
from facenet_res.core.types import Image
from facenet_res.imaging.header import ImageHeader, open_by_pillow, read_header, unreadable
from facenet_res.imaging.orientation import upright

MIB: Final = 1 << 20
# OpenCV's warps address pixels with 16 bits.
WARPED_SIDE_PX_MAX: Final = 32_766

# A JPEG's blocks of 8x8 px can be decoded to 4x4, 2x2 or 1x1.
_REDUCED: Final = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

# Rows converted at a time, so that wide sums and copies of a large image stay small.
_BAND_ROWS: Final = 64
_DEPTH_16_TO_8: Final = 1 / 257


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """The largest image that is decoded.

    Decoding takes at most 6 bytes of memory for each of `pixels_max`, 300 MB by default, or 64 MiB.
    Formats whose decoder takes more for a pixel are refused at fewer pixels.

    Attributes:
        bytes_max: of the file.
        pixels_max: width times height.
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

    @property
    def memory_bytes_max(self) -> int:
        """Of decoding, beside the file."""
        return max(6 * self.pixels_max, 64 * MIB)


DEFAULT_LIMITS: Final = ImageLimits()


def decode_image(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Image:
    """Decodes the file of an image: JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF, BMP, PGM or PPM.

    The orientation is applied. Grey, palettes and CMYK become RGB, 16 bits become 8, transparent
    pixels are blended over white, and of an animation the first frame is taken: the detector sees
    what people see. Colour profiles are not applied, as in the data that networks are trained on.

    Args:
        data: the file's bytes.
        limits: what to refuse.

    Returns:
        uint8[H, W, 3], RGB.

    Raises:
        ImageTooLarge: the file, its size in pixels, or the memory to decode it is over a limit.
        ImageUnreadable: another format, or a damaged or truncated file. Damage that no format's
            checks can see passes: a few wrong pixels, or the truncations that `imaging.jpeg`
            names. libjpeg may then write a warning to stderr by itself.
    """
    return decode(checked_header(data, limits))


def checked_header(data: bytes, limits: ImageLimits) -> ImageHeader:
    """Reads an image file's header and checks it against the limits; decodes nothing.

    Raises:
        ImageTooLarge, ImageUnreadable: as for `decode_image`.
    """
    _check_bytes(len(data), limits)
    header = read_header(data)
    check_size(header.width_px, header.height_px, limits)
    if header.memory_bytes > limits.memory_bytes_max:
        raise ImageTooLarge(
            f"the {header.format} of {header.width_px}x{header.height_px} px takes "
            f"{header.memory_bytes / 1e6:.0f} MB to decode, limit is "
            f"{limits.memory_bytes_max / 1e6:.0f} MB: save it smaller, or as a baseline JPEG"
        )
    return header


def decode(header: ImageHeader, shrink: int = 1) -> Image:
    """Decodes what `checked_header` let pass.

    Args:
        header: of the file.
        shrink: 1, or of a JPEG 2, 4 or 8: the decoder skips fine detail and writes one pixel for
            each square of so many, at a fraction of the time and memory.

    Returns:
        uint8[ceil(H / shrink), ceil(W / shrink), 3], RGB, upright.

    Raises:
        ImageUnreadable: as for `decode_image`.
    """
    if header.decoder != "opencv":
        return upright(_by_pillow(header), header.orientation)
    pixels = _by_opencv(header, header.data, shrink)
    if header.scans is not None and header.scans.may_be_truncated(pixels):
        # One copy at a time: the second is as good as the first, or none is returned.
        checksum = zlib.crc32(pixels.data)
        del pixels
        pixels = _by_opencv(header, header.scans.longer, shrink)
        if zlib.crc32(pixels.data) != checksum:
            raise ImageUnreadable("the JPEG is truncated: pixels are missing")
    return upright(pixels, header.orientation)


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


def _by_opencv(header: ImageHeader, data: bytes, shrink: int) -> Image:
    buffer = np.frombuffer(data, np.uint8)
    flags = _REDUCED[shrink] if shrink > 1 else cv2.IMREAD_COLOR_RGB
    try:
        pixels: Any = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise unreadable(header.format, error) from error
    if pixels is None:
        raise ImageUnreadable(f"the {header.format} is damaged, truncated or of a rare kind")
    _check_decoded(header, pixels, shrink)
    if shrink > 1:
        # OpenCV has no reduced decoding to RGB.
        cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return np.asarray(pixels, np.uint8)


def _by_pillow(header: ImageHeader) -> Image:
    """The pixels as Pillow or its plugin for HEIC decodes them."""
    try:
        if header.decoder == "libheif":
            # Not by way of a Pillow image, which takes another 4 bytes for each pixel.
            pixels = np.asarray(import_module("pillow_heif").open_heif(BytesIO(header.data)))
        else:
            pixels = _in_bands(open_by_pillow(header.format, header.data))
    except Exception as error:
        raise unreadable(header.format, error) from error
    _check_decoded(header, pixels)
    return pixels


def _check_decoded(header: ImageHeader, pixels: Image, shrink: int = 1) -> None:
    if pixels.shape[:2] != (-(-header.height_px // shrink), -(-header.width_px // shrink)):
        raise ImageUnreadable(
            f"the {header.format} decodes to {pixels.shape[1]}x{pixels.shape[0]} px at 1/{shrink}, "
            f"its header says {header.width_px}x{header.height_px}"
        )


def _in_bands(opened: Any) -> Image:
    opened.load()
    width_px, height_px = opened.size
    rgb = np.empty((height_px, width_px, 3), np.uint8)
    for top in range(0, height_px, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, height_px)
        rgb[top:bottom] = _rgb(opened.crop((0, top, width_px, bottom)))
    return rgb


def _rgb(band: Any) -> NDArray[np.uint8]:
    """Some rows of a Pillow image of any mode as RGB, blended over white."""
    if band.mode.startswith("I"):
        deep = np.asarray(band).astype(np.int32)
        grey = cv2.convertScaleAbs(deep, alpha=_DEPTH_16_TO_8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    if not band.has_transparency_data:
        return np.asarray(band.convert("RGB"))
    white = PIL.Image.new("RGBA", band.size, "white")
    return np.asarray(PIL.Image.alpha_composite(white, band.convert("RGBA")).convert("RGB"))
