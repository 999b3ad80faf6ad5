"""What an image file says about itself: format, size, orientation and the memory to decode it.

Pillow reads the headers. Its plugins are called directly: none but those named here reads a file,
and no setting that a process shares takes part.
"""

from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any, Final, Literal

import PIL.Image

from facenet_res.core.errors import ImageTooLarge, ImageUnreadable
from facenet_res.core.extras import install_command
from facenet_res.imaging.formats import format_of
from facenet_res.imaging.jpeg import JpegScans, read_scans
from facenet_res.imaging.orientation import read_orientation
from facenet_res.imaging.png import image_chunks
from facenet_res.imaging.tiff import check_tags

# Format: module and class of the Pillow plugin that reads it.
_PLUGINS: Final = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
}

# Bytes for each pixel at the peak of decoding, measured: of OpenCV, which copies its result;
# of libheif; of Pillow, that is of its own image, our result, and what its decoders add.
_OPENCV_BYTES: Final = {"JPEG": 6, "WebP": 7}
_LIBHEIF_BYTES: Final = 6
_LIBHEIF_DEEP_BYTES: Final = 9
_PILLOW_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
_PILLOW_BYTES_MOST: Final = 4
_ADDED_BYTES: Final = {"WebP": 10, "AVIF": 5, "HEIC": 3}
_RGB_BYTES: Final = 3
_COEFFICIENT_BYTES: Final = 2

# Pillow decodes these in Python: 16 MB took 3.5 s.
_BMP_RUN_LENGTHS: Final = (1, 2)
# Bits of byte 20.
_WEBP_ANIMATION: Final = 0x02
_WEBP_ALPHA: Final = 0x10

Decoder = Literal["opencv", "libheif", "pillow"]


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """An image file and what it says about itself.

    Attributes:
        format: of the file.
        width_px: as stored, before the orientation is applied.
        height_px: as stored, before the orientation is applied.
        orientation: left to apply to the decoded pixels: of EXIF, 1 to 8; 1 is upright.
        decoder: of the pixels.
        memory_bytes: at the peak of decoding at full size.
        data: to give the decoder: the file, or of it what the pixels need.
        scans: of a JPEG.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int
    decoder: Decoder
    memory_bytes: int
    data: bytes
    scans: JpegScans | None = None


def read_header(data: bytes) -> ImageHeader:
    """Reads the header of an image file.

    Raises:
        ImageUnreadable: another format, or a damaged or truncated file.
    """
    name = format_of(data)
    scans = None
    if name == "JPEG":
        scans = read_scans(data)
        data = scans.data
    elif name == "PNG":
        data = image_chunks(data)
    elif name == "TIFF":
        check_tags(data)
    elif name == "WebP" and data[12:16] == b"VP8X" and data[20:21] and data[20] & _WEBP_ANIMATION:
        # The first frame may leave a part of the canvas open, which is black unless declared so.
        data = data[:20] + bytes([data[20] | _WEBP_ALPHA]) + data[21:]
    opened = open_by_pillow(name, data)
    if opened.mode == "F" or (opened.mode == "I" and name != "PNM"):
        raise ImageUnreadable(f"the {name} has pixels of 32 bits; save it with 8 or 16 bits")
    if name == "BMP" and opened.info.get("compression") in _BMP_RUN_LENGTHS:
        raise ImageUnreadable("the BMP is compressed by run lengths; save it without, or as PNG")
    width_px, height_px = opened.size
    decoder = _decoder_of(name, opened)
    bytes_per_px = _memory_bytes_per_px(name, opened, decoder)
    return ImageHeader(
        name,
        width_px,
        height_px,
        orientation=read_orientation(opened.info.get("exif")),
        decoder=decoder,
        memory_bytes=int(width_px * height_px * bytes_per_px),
        data=data,
        scans=scans,
    )


def open_by_pillow(name: str, data: bytes) -> Any:
    """A Pillow image of which only the header is read.

    Args:
        name: of the format.
        data: of the file.

    Raises:
        ImageUnreadable: the header is damaged or truncated, or the plugin is not installed.
        ImageTooLarge: Pillow runs out of memory.
    """
    module, plugin = _PLUGINS[name]
    try:
        return getattr(import_module(module), plugin)(BytesIO(data))
    except ImportError as error:
        raise ImageUnreadable(
            f"the file is {name}, which needs {module}: {install_command('heic')}"
        ) from error
    except Exception as error:
        raise unreadable(name, error) from error


def unreadable(name: str, error: Exception) -> ImageUnreadable | ImageTooLarge:
    """The error for whatever a decoder raises: on hostile files that is any exception at all."""
    reason = str(error).strip() or type(error).__name__
    if isinstance(error, MemoryError | PIL.Image.DecompressionBombError):
        return ImageTooLarge(f"the {name} takes too much memory to decode: {reason}")
    return ImageUnreadable(f"the {name} is damaged or truncated: {reason}")


def _decoder_of(name: str, opened: Any) -> Decoder:
    if opened.has_transparency_data:
        return "pillow"
    if name == "HEIC" and opened.mode == "RGB":
        return "libheif"
    # OpenCV takes half the time for these two. In others, PNG above all, it does not stop where a
    # hostile file's pixels end, or takes the declared length of data on trust.
    return "opencv" if name in _OPENCV_BYTES else "pillow"


def _memory_bytes_per_px(name: str, opened: Any, decoder: Decoder) -> float:
    """Bytes that decoding takes at its peak, for each pixel."""
    if name == "JPEG" and opened.info.get("progressive"):
        # libjpeg keeps all coefficients: as many as samples, of which chroma has fewer.
        sampling: list[int] = [layer[1] * layer[2] for layer in opened.layer]
        if not any(sampling):
            raise ImageUnreadable("the JPEG is damaged: its sampling factors are 0")
        coefficients = sum(sampling) / max(sampling)
        return max(_OPENCV_BYTES[name], _RGB_BYTES + _COEFFICIENT_BYTES * coefficients)
    if decoder == "opencv":
        return _OPENCV_BYTES[name]
    if decoder == "libheif":
        return _LIBHEIF_BYTES if opened.info["bit_depth"] == 8 else _LIBHEIF_DEEP_BYTES
    stored = _PILLOW_BYTES.get(opened.mode, _PILLOW_BYTES_MOST)
    return stored + _RGB_BYTES + _ADDED_BYTES.get(name, 1)
