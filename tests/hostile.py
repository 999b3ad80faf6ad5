"""Small files that claim, or are, a lot."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width_px: int, height_px: int, depth: int, colour: int, data: bytes) -> bytes:
    """A PNG file of these pixels, compressed already."""
    head = struct.pack(">IIBBBBB", width_px, height_px, depth, colour, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """So many zeros, compressed a thousandfold, without ever holding them."""
    packer = zlib.compressobj(9)
    whole, rest = divmod(count, 1 << 20)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(whole)]
    return b"".join([*parts, packer.compress(bytes(rest)), packer.flush()])


def flat_png(side_px: int) -> bytes:
    """A black square, RGB of 8 bits."""
    return png(side_px, side_px, 8, 2, zeros((3 * side_px + 1) * side_px))


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
