"""Keeps of a PNG file what its pixels need, before a decoder sees it.

Decoders are not enough by themselves: OpenCV allocates by a chunk's declared length before it
looks whether the bytes are there (852 bytes took 2 GB), and Pillow inflates every colour profile,
1 MB from each KB.

Source: W3C PNG (third edition), sections 5 and 11.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from facenet_res.core.errors import ImageUnreadable

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# A 32 MiB file in chunks of 8 KiB has 4,096.
CHUNKS_MAX: Final = 65_536

_OVERHEAD_BYTES: Final = 12
_NEEDED: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_KEPT: Final = _NEEDED | {b"eXIf"}
_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def image_chunks(data: bytes) -> bytes:
    """The file with its pixels and orientation alone; the latter stands before the pixels.

    An end that is missing is added: whether pixels are missing, the decoder tells.

    Raises:
        ImageUnreadable: a chunk declares more bytes than there are, or has a wrong checksum.
    """
    # A stable sort: IDAT goes behind.
    chunks = sorted(_chunks(data), key=lambda each: each[0] == b"IDAT")
    return b"".join([SIGNATURE, *(chunk for _, chunk in chunks), _END])


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Name and bytes of the chunks to keep: length, name, content, checksum."""
    view = memoryview(data)
    start = len(SIGNATURE)
    for _ in range(CHUNKS_MAX):
        if start + _OVERHEAD_BYTES > len(data) or data[start + 4 : start + 8] == b"IEND":
            return
        length, name = struct.unpack_from(">I4s", data, start)
        end = start + _OVERHEAD_BYTES + length
        if end > len(data):
            raise ImageUnreadable(
                f"the PNG is truncated: chunk {name!r} declares {length} bytes, "
                f"{len(data) - start - _OVERHEAD_BYTES} are left"
            )
        chunk = view[start:end]
        start = end
        is_intact = zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
        if name in _NEEDED and not is_intact:
            raise ImageUnreadable(f"the PNG is damaged: checksum mismatch in chunk {name!r}")
        if name in _KEPT and is_intact:
            yield name, chunk
    raise ImageUnreadable(f"the PNG has over {CHUNKS_MAX} chunks, limit is {CHUNKS_MAX}")
