"""What an image file says of itself, before anything is decoded.

The format is told by the first bytes, never by the file's name. Each format has a reader that
walks the file's structure from start to end: it finds the size, the orientation and the alpha
channel, and refuses a file that is cut off or whose declared lengths exceed the bytes present.
A decoder trusts those lengths and allocates by them; so none is called before this.
"""

from collections.abc import Callable
from typing import Final

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.jpeg import read_jpeg_header
from facenet_res.imaging.layout import ImageLayout
from facenet_res.imaging.png import read_png_header
from facenet_res.imaging.webp import read_webp_header

_FORMATS: Final = "only JPEG, PNG and WebP are read"
_SHOWN_BYTES: Final = 16

# What people send by mistake, so that the message can name it: offset, bytes, name.
_OTHERS: Final = (
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP"),
    (0, b"II*\x00", "a TIFF"),
    (0, b"MM\x00*", "a TIFF"),
    (0, b"%PDF", "a PDF"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftyphei", "a HEIC"),
    (4, b"ftypmif1", "a HEIC"),
    (4, b"ftyp", "a video, or a HEIC"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL"),
    (0, b"PK\x03\x04", "a ZIP archive"),
)


def read_layout(data: bytes) -> ImageLayout:
    """Size, orientation and alpha of a whole JPEG, PNG or WebP.

    Args:
        data: the file's bytes.

    Raises:
        ImageUnreadable: another format, or a structure that is damaged or cut off.
    """
    return _reader(data)(data)


def _reader(data: bytes) -> Callable[[bytes], ImageLayout]:
    if data.startswith(b"\xff\xd8\xff"):
        return read_jpeg_header
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return read_png_header
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return read_webp_header
    raise ImageUnreadable(_explained(data))


def _explained(data: bytes) -> str:
    if not data:
        return f"the file is empty (0 bytes); {_FORMATS}"
    for offset, magic, name in _OTHERS:
        if data[offset : offset + len(magic)] == magic:
            return f"the file is {name}; {_FORMATS}"
    return f"the file starts with {data[:_SHOWN_BYTES]!r}, which is no image; {_FORMATS}"
