"""Finds the scans of a JPEG file and tells whether pixels are missing.

Decoders fill what is missing with grey and say nothing, and they demand an end marker. So the
scans are walked here: the data up to the end marker is decoded, or, where that is missing, up to
where the scans end; and a file that looks truncated is decoded once more with data for further
blocks behind. A whole file never uses them: the pixels are equal. This finds every truncation
but those within the last block, at a restart marker, in the last scan of a progressive file,
where only sharpness is lost, or of a CMYK file.

Scans and segments are counted here too, since decoders do not: a scan costs a pass over the pixels.

Source: ITU-T T.81, annex B.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from facenet_res.core.errors import ImageUnreadable
from facenet_res.core.types import Image

# A progressive file has about ten.
SCANS_MAX: Final = 50
# Pillow keeps all that stand before the pixels: 32 MB of empty ones took 1.2 GB.
SEGMENTS_MAX: Final = 10_000

_START, _END_OF_IMAGE, _SCAN, _TEM = 0xD8, 0xD9, 0xDA, 0x01
END: Final = b"\xff\xd9"
# The next marker in compressed data: FF00 is a pixel value there, FFD0 to FFD7 are restarts, and
# FFFF fills. No repetition in the pattern: on 32 MB of FF it would take hours.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)

# What libjpeg makes of blocks that are not there.
_GREY: Final = 128
# Data for some blocks more, beginning unlike the zeros that a decoder assumes.
_MORE_BLOCKS: Final = b"\xaa\x55" + bytes(range(1, 255))
_COEFFICIENTS: Final = 64


@dataclass(frozen=True, slots=True)
class JpegScans:
    """What the markers of a JPEG file tell.

    Attributes:
        data: of the image, with an end marker; nothing of what phones append.
        is_closed: whether the file has that end marker itself.
        has_all: whether the scans promise all bits of all coefficients. A progressive file may
            leave some out, but so does one that is truncated.
    """

    data: bytes
    is_closed: bool
    has_all: bool

    def may_be_truncated(self, pixels: Image) -> bool:
        """Whether decoded pixels, uint8[H, W, 3] not turned, give reason to decode `longer`."""
        is_plain = self.is_closed and self.has_all
        return not is_plain or pixels[-1, -1].tolist() == [_GREY] * 3

    @property
    def longer(self) -> bytes:
        """The data with some more blocks, which decode to the same pixels if none are missing."""
        stored = self.data[: -len(END)]
        # FF00 is a pixel value.
        return stored + (b"\x00" if stored.endswith(b"\xff") else b"") + _MORE_BLOCKS + END


def read_scans(data: bytes) -> JpegScans:
    """Walks the markers up to the end of the image.

    Raises:
        ImageUnreadable: the file ends before the pixels begin, or has too many scans.
    """
    scans: list[bytes] = []
    position, is_closed, segments = 2, False, 0
    while found := _NEXT_MARKER.search(data, position):
        marker, body = found.group()[1], found.end()
        is_closed = marker == _END_OF_IMAGE
        if is_closed or (marker == _START and scans):
            break
        length = 0 if marker in (_START, _TEM) else int.from_bytes(data[body : body + 2], "big")
        if body + length > len(data):
            break
        position = body + length
        segments += 1
        if marker == _SCAN and length > 2:
            scans.append(data[body + 2 : position])
        if len(scans) > SCANS_MAX or segments > SEGMENTS_MAX:
            raise ImageUnreadable(
                f"the JPEG has {len(scans)} scans and {segments} segments or more, "
                f"limits are {SCANS_MAX} and {SEGMENTS_MAX}"
            )
    if not scans:
        raise ImageUnreadable(f"the JPEG is truncated: no pixels in its {len(data)} bytes")
    # An interrupted copy leaves zeros at the end, which would decode to pixels.
    stored = data[: found.start()] if found else data.rstrip(b"\x00")
    stored += b"\x00" if stored.endswith(b"\xff") and not found else b""
    coded = frozenset().union(*map(_coded_by, scans))
    components = {component for scan in scans for component in scan[1 : 1 + 2 * scan[0] : 2]}
    return JpegScans(stored + END, is_closed, len(coded) >= len(components) * _COEFFICIENTS)


# Nearly all files have the same few scan headers, and making the set takes as long as all else.
@lru_cache(maxsize=64)
def _coded_by(scan: bytes) -> frozenset[tuple[int, int]]:
    """Components and coefficients that a scan header promises with all their bits."""
    count = scan[0] if scan else 0
    tail = scan[1 + 2 * count :]
    if len(tail) < 3 or tail[2] & 0x0F:
        return frozenset()
    coefficients = range(tail[0], min(tail[1] + 1, _COEFFICIENTS))
    return frozenset(
        (scan[1 + 2 * n], coefficient) for n in range(count) for coefficient in coefficients
    )
