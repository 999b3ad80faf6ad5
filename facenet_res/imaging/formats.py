"""The formats of image files that are read, told by the first bytes, never by a file's name."""

import re
from typing import Final

from facenet_res.core.errors import ImageUnreadable

START_BYTES: Final = 256
"""Of a file: enough to tell its format."""

FORMATS: Final = "JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF, BMP, PGM and PPM"

_SIGNATURES: Final = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "TIFF": re.compile(rb"II[*+]\x00|MM\x00[*+]"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "BMP": re.compile(rb"BM....\x00\x00\x00\x00", re.DOTALL),
    "PNM": re.compile(rb"P[456]\s"),
}
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})

# What people pass by mistake, so that the message can name it.
_OTHERS: Final = (
    (b"%PDF", "a PDF"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"<svg", "an SVG"),
    *((start, "a PGM or PPM in plain text") for start in (b"P1", b"P2", b"P3")),
)
_SHOWN_BYTES: Final = 16


def format_of(start: bytes) -> str:
    """The format of an image file.

    Args:
        start: the file's first START_BYTES, or more.

    Raises:
        ImageUnreadable: it is no image, or of a format that is not read.
    """
    if start[4:8] == b"ftyp":
        size = min(int.from_bytes(start[:4], "big"), START_BYTES)
        brands = {start[place : place + 4] for place in range(8, size, 4)}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIC"
        raise ImageUnreadable(f"the file is a video; {FORMATS} are read")
    for name, signature in _SIGNATURES.items():
        if signature.match(start):
            return name
    raise ImageUnreadable(_explained(start))


def _explained(start: bytes) -> str:
    if not start:
        return f"the file is empty (0 bytes); {FORMATS} are read"
    for signature, name in _OTHERS:
        if start.startswith(signature):
            return f"the file is {name}; {FORMATS} are read"
    return f"the file starts with {start[:_SHOWN_BYTES]!r}, which is no image; {FORMATS} are read"
