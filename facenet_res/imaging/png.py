"""Reads the structure of a PNG file, and keeps of it what its pixels need.

OpenCV allocates by a chunk's declared length before it looks whether the bytes are there: 852
bytes made it take 2 GB. So every length is checked here, and the decoder is given IHDR, PLTE,
tRNS, IDAT and IEND alone: no compressed texts, no colour profiles, no animation.

Source: W3C PNG (third edition), sections 5, 11 and 12.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.exif import UPRIGHT, read_orientation
from facenet_res.imaging.layout import ImageLayout

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# A 32 MiB file in chunks of 8 KiB has 4,096.
CHUNKS_MAX: Final = 65_536

_OVERHEAD_BYTES: Final = 12
_FOR_PIXELS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_ALPHA_COLOUR_TYPES: Final = frozenset({4, 6})
_BIT_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk: its name, and where it lies in the file, length and checksum included."""

    name: bytes
    start: int
    end: int

    def body(self, data: bytes) -> bytes:
        """The chunk's content."""
        return data[self.start + 8 : self.end - 4]


def read_png_header(data: bytes) -> ImageLayout:
    """Walks the chunks to IEND.

    Raises:
        ImageUnreadable: the file is cut off, a chunk declares more bytes than there are, a
            checksum is wrong, or IHDR or the pixels are missing.
    """
    chunks = list(_chunks(data))
    names = [chunk.name for chunk in chunks]
    if names[0] != b"IHDR" or names.count(b"IHDR") != 1:
        raise ImageUnreadable(f"the PNG starts with a chunk {names[0]!r}, not with one IHDR")
    if b"IDAT" not in names:
        raise ImageUnreadable("the PNG has no pixels: it lacks an IDAT chunk")
    width_px, height_px, colour_type = _size(chunks[0].body(data))
    exif = next((chunk for chunk in chunks if chunk.name == b"eXIf"), None)
    kept = [chunk for chunk in chunks if chunk.name in _FOR_PIXELS]
    return ImageLayout(
        "PNG",
        width_px,
        height_px,
        orientation=UPRIGHT if exif is None else read_orientation(exif.body(data)),
        has_alpha=colour_type in _ALPHA_COLOUR_TYPES or b"tRNS" in names,
        pixel_bytes=b"".join([SIGNATURE, *(data[chunk.start : chunk.end] for chunk in kept)]),
    )


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """All chunks up to and with IEND, each within the file and, where needed, intact."""
    start = len(SIGNATURE)
    for _ in range(CHUNKS_MAX):
        if start + _OVERHEAD_BYTES > len(data):
            raise ImageUnreadable(f"the PNG is cut off: it ends at byte {len(data)} without IEND")
        length, name = struct.unpack_from(">I4s", data, start)
        end = start + _OVERHEAD_BYTES + length
        if end > len(data):
            raise ImageUnreadable(
                f"the PNG is cut off or forged: chunk {name!r} declares {length} bytes, "
                f"{len(data) - start - _OVERHEAD_BYTES} are left"
            )
        if name in _FOR_PIXELS:
            _check_sum(data, start, end)
        yield _Chunk(name, start, end)
        if name == b"IEND":
            return
        start = end
    raise ImageUnreadable(f"the PNG has over {CHUNKS_MAX} chunks, limit is {CHUNKS_MAX}")


def _check_sum(data: bytes, start: int, end: int) -> None:
    found = zlib.crc32(memoryview(data)[start + 4 : end - 4])
    (declared,) = struct.unpack_from(">I", data, end - 4)
    if found != declared:
        name = data[start + 4 : start + 8]
        raise ImageUnreadable(
            f"the PNG is damaged: chunk {name!r} has checksum {found:08x}, its own says "
            f"{declared:08x}"
        )


def _size(ihdr: bytes) -> tuple[int, int, int]:
    if len(ihdr) != 13:
        raise ImageUnreadable(f"the PNG's IHDR has {len(ihdr)} bytes, it should have 13")
    width_px, height_px, depth, colour_type = struct.unpack_from(">IIBB", ihdr)
    if width_px == 0 or height_px == 0:
        raise ImageUnreadable(f"the PNG's header says {width_px}x{height_px} px, least is 1x1")
    if depth not in _BIT_DEPTHS.get(colour_type, ()):
        raise ImageUnreadable(f"the PNG has colour type {colour_type} at {depth} bits: no such")
    return width_px, height_px, colour_type
