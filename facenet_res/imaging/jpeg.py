"""Reads the structure of a JPEG file: size, orientation, and whether it is all there.

Decoders fill what is missing of a cut-off JPEG with grey and say nothing, so a truncated file is
told by its markers: walked from the first, they must lead to the end marker. What follows the end
marker (previews, video, padding, as phones append) is none of our business.

Some tools close what they have cut off with an end marker. Then only the pixels can tell:
`is_closed_early` looks at them. It finds every cut that leaves a grey corner or lacks a whole scan;
it does not find one within the last block, at a restart marker, in the last scan of a progressive
file, where only sharpness is lost, or of a CMYK file.

Source: ITU-T T.81, annex B.
"""

import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np

from facenet_res.core.errors import ImageUnreadable
from facenet_res.core.types import Image
from facenet_res.imaging.exif import UPRIGHT, read_orientation
from facenet_res.imaging.layout import ImageLayout

# A progressive file has about ten. Each costs a pass over all the pixels, so that a small file
# with thousands of scans would hold a processor for hours.
SCANS_MAX: Final = 100

_END: Final = 0xD9
_SCAN: Final = 0xDA
_APP1: Final = 0xE1
# SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that stand alone: TEM and SOI.
_LONE: Final = frozenset({0x01, 0xD8})
# The next marker in compressed data: FF00 is a pixel value there, FFD0 to FFD7 are restarts, and
# FFFF fills. No repetition in the pattern: on 32 MB of FF it would take hours.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)

# What libjpeg makes of blocks that are not there.
_GREY: Final = 128
# Data for some blocks more. The zero keeps an FF before it from becoming a marker.
_MORE_BLOCKS: Final = b"\x00" + bytes(range(1, 255))
_COEFFICIENTS: Final = 64


def read_jpeg_header(data: bytes) -> ImageLayout:
    """Walks the markers from the first to the end marker.

    Raises:
        ImageUnreadable: the file is cut off, has no frame or no pixels, or too many scans.
    """
    size: tuple[int, int] | None = None
    orientation = UPRIGHT
    scans = 0
    components = 0
    coded: set[tuple[int, int]] = set()
    position = 2
    while True:
        marker, position = _marker(data, position)
        if marker == _END:
            break
        if marker in _LONE:
            continue
        body, position = _segment(data, position)
        if marker in _FRAMES and size is None:
            size = _frame_size(body)
            components = body[5]
        elif marker == _APP1 and body.startswith(b"Exif\x00\x00") and orientation == UPRIGHT:
            orientation = read_orientation(body)
        elif marker == _SCAN:
            scans += 1
            if scans > SCANS_MAX:
                raise ImageUnreadable(f"the JPEG has over {SCANS_MAX} scans, limit is {SCANS_MAX}")
            coded |= _coded_by(body)
    if size is None or scans == 0:
        raise ImageUnreadable(f"the JPEG ends after {position} bytes without an image in it")
    return ImageLayout(
        "JPEG",
        *size,
        orientation,
        has_alpha=False,
        pixel_bytes=data[:position],
        has_all_scans=len(coded) >= components * _COEFFICIENTS,
    )


def is_closed_early(layout: ImageLayout, pixels: Image, decode: Callable[[bytes], Image]) -> bool:
    """Whether pixels are missing although the end marker is there.

    A file that looks like it is decoded again with more data before its end marker. Of a whole
    file, decoders never read that far; of a cut one they take it for the next blocks.

    Args:
        layout: of a JPEG.
        pixels: uint8[H, W, 3] RGB, not turned, as decoded.
        decode: does that for other bytes.
    """
    ends_grey = pixels[-1, -1].tolist() == [_GREY] * 3
    if layout.has_all_scans and not ends_grey:
        return False
    longer = layout.pixel_bytes[:-2] + _MORE_BLOCKS + layout.pixel_bytes[-2:]
    return not np.array_equal(pixels, decode(longer))


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """The next marker's code and the position behind it; compressed data is skipped."""
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise ImageUnreadable(
            f"the JPEG is cut off: {len(data)} bytes are there, and no end marker among them"
        )
    return found.group()[-1], found.end()


def _segment(data: bytes, position: int) -> tuple[bytes, int]:
    """A segment's content and the position behind it."""
    if position + 2 > len(data):
        raise ImageUnreadable(f"the JPEG is cut off after {len(data)} bytes")
    (length,) = struct.unpack_from(">H", data, position)
    if length < 2:
        raise ImageUnreadable(f"a JPEG segment at byte {position} has length {length}, least is 2")
    if position + length > len(data):
        raise ImageUnreadable(
            f"the JPEG is cut off: a segment ends at byte {position + length}, "
            f"{len(data)} are there"
        )
    return data[position + 2 : position + length], position + length


def _frame_size(body: bytes) -> tuple[int, int]:
    if len(body) < 6:
        raise ImageUnreadable(f"the JPEG's frame header has {len(body)} bytes, least is 6")
    height_px, width_px = struct.unpack_from(">HH", body, 1)
    if width_px == 0 or height_px == 0:
        raise ImageUnreadable(f"the JPEG's header says {width_px}x{height_px} px, least is 1x1")
    return width_px, height_px


# Nearly all files have the same few scan headers, and making the set takes as long as all else.
@lru_cache(maxsize=64)
def _coded_by(scan: bytes) -> frozenset[tuple[int, int]]:
    """Components and coefficients that a scan header promises with all their bits."""
    count = scan[0] if scan else 0
    tail = 1 + 2 * count
    if len(scan) < tail + 3:
        raise ImageUnreadable(f"a JPEG scan header has {len(scan)} bytes, least is {tail + 3}")
    first, last, precision = scan[tail : tail + 3]
    if precision & 0x0F:
        return frozenset()
    coefficients = range(first, min(last + 1, _COEFFICIENTS))
    return frozenset(
        (scan[1 + 2 * n], coefficient) for n in range(count) for coefficient in coefficients
    )
