"""Reads the structure of a WebP file: size, orientation, alpha, and whether it is all there.

Of an animation the first frame counts; it must cover the whole canvas, as it does in files in
practice, since what a partial frame leaves open has no agreed colour.

Source: RFC 9649 (WebP container and lossless format), RFC 6386 section 9.1 (VP8 frame header).
"""

import struct
from collections.abc import Iterator
from typing import Final

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.exif import UPRIGHT, read_orientation
from facenet_res.imaging.layout import ImageLayout

CHUNKS_MAX: Final = 65_536

_ALPHA_FLAG: Final = 0x10
_VP8_START: Final = b"\x9d\x01\x2a"
_VP8L_SIGNATURE: Final = 0x2F
_FRAME_HEADER_BYTES: Final = 16


def read_webp_header(data: bytes) -> ImageLayout:
    """Walks the RIFF chunks.

    Raises:
        ImageUnreadable: the file is cut off, holds no picture, or its sizes contradict.
    """
    canvas: tuple[int, int] | None = None
    picture: tuple[int, int] | None = None
    orientation, has_alpha = UPRIGHT, False
    for name, body in _chunks(data, 12, _riff_end(data)):
        if name == b"VP8X":
            canvas, has_alpha = _canvas(body)
        elif name in (b"VP8 ", b"VP8L", b"ANMF") and picture is None:
            picture, is_transparent = _picture(name, body)
            has_alpha = has_alpha or is_transparent
        elif name == b"EXIF":
            orientation = read_orientation(body)
    if picture is None:
        raise ImageUnreadable("the WebP holds no picture: it lacks a VP8, VP8L or ANMF chunk")
    if canvas is not None and canvas != picture:
        raise ImageUnreadable(
            f"the WebP's canvas is {canvas[0]}x{canvas[1]} px, its first picture "
            f"{picture[0]}x{picture[1]} px; they must be equal"
        )
    return ImageLayout("WebP", *picture, orientation, has_alpha, pixel_bytes=data)


def _riff_end(data: bytes) -> int:
    (length,) = struct.unpack_from("<I", data, 4)
    end: int = 8 + length
    if end > len(data):
        raise ImageUnreadable(
            f"the WebP is cut off: it declares {end} bytes, {len(data)} are there"
        )
    return end


def _chunks(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk between two positions."""
    for _ in range(CHUNKS_MAX):
        if start + 8 > end:
            return
        name, length = struct.unpack_from("<4sI", data, start)
        if start + 8 + length > end:
            raise ImageUnreadable(
                f"the WebP is cut off or forged: chunk {name!r} declares {length} bytes, "
                f"{end - start - 8} are left"
            )
        yield name, data[start + 8 : start + 8 + length]
        # Chunks are padded to an even length.
        start += 8 + length + length % 2
    raise ImageUnreadable(f"the WebP has over {CHUNKS_MAX} chunks, limit is {CHUNKS_MAX}")


def _canvas(body: bytes) -> tuple[tuple[int, int], bool]:
    if len(body) < 10:
        raise ImageUnreadable(f"the WebP's VP8X chunk has {len(body)} bytes, least is 10")
    return (_uint24(body, 4) + 1, _uint24(body, 7) + 1), bool(body[0] & _ALPHA_FLAG)


def _picture(name: bytes, body: bytes) -> tuple[tuple[int, int], bool]:
    """Size in pixels of a bitstream, and whether it has alpha."""
    if name == b"ANMF":
        return _frame(body)
    if name == b"VP8L":
        if len(body) < 5 or body[0] != _VP8L_SIGNATURE:
            raise ImageUnreadable("the WebP is damaged: its VP8L picture lacks the signature 2f")
        (bits,) = struct.unpack_from("<I", body, 1)
        return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
    if len(body) < 10 or body[3:6] != _VP8_START:
        raise ImageUnreadable("the WebP is damaged: its VP8 picture lacks the start code 9d012a")
    width, height = struct.unpack_from("<HH", body, 6)
    # The upper two bits of each ask for upscaling, which decoders leave to the viewer.
    return (width & 0x3FFF, height & 0x3FFF), False


def _frame(body: bytes) -> tuple[tuple[int, int], bool]:
    """Size of an animation's frame, which must be that of the bitstream in it."""
    if len(body) < _FRAME_HEADER_BYTES:
        raise ImageUnreadable(
            f"the WebP's ANMF chunk has {len(body)} bytes, least is {_FRAME_HEADER_BYTES}"
        )
    size = (_uint24(body, 6) + 1, _uint24(body, 9) + 1)
    for name, content in _chunks(body, _FRAME_HEADER_BYTES, len(body)):
        if name in (b"VP8 ", b"VP8L"):
            picture, has_alpha = _picture(name, content)
            if picture != size:
                raise ImageUnreadable(
                    f"the WebP's frame says {size[0]}x{size[1]} px, the picture in it "
                    f"{picture[0]}x{picture[1]} px"
                )
            return size, has_alpha
    raise ImageUnreadable("the WebP's first frame holds no picture")


def _uint24(body: bytes, position: int) -> int:
    return int.from_bytes(body[position : position + 3], "little")
