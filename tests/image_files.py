"""Image files for tests, made in memory: orientations, damage and forgery of each format."""

import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def corners_image(height_px: int = 48, width_px: int = 80) -> Image:
    """Red, green, blue and white quarters, unlike in every orientation."""
    image = np.zeros((height_px, width_px, 3), np.uint8)
    half_y, half_x = height_px // 2, width_px // 2
    image[:half_y, :half_x] = (255, 0, 0)
    image[:half_y, half_x:] = (0, 255, 0)
    image[half_y:, :half_x] = (0, 0, 255)
    image[half_y:, half_x:] = (255, 255, 255)
    return image


def stored_images(image: Image) -> dict[int, Image]:
    """The image as each EXIF orientation stores it. Source: CIPA DC-008."""
    stored = {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.transpose(1, 0, 2),
        6: np.rot90(image, 1),
        7: image[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(image, -1),
    }
    return {orientation: np.ascontiguousarray(pixels) for orientation, pixels in stored.items()}


def assert_like(found: Image, wanted: NDArray[Any], levels: int = 0) -> None:
    """Checks pixels, most to some levels: lossy formats blur where colours meet."""
    assert found.shape == wanted.shape
    assert found.dtype == np.uint8
    difference = np.abs(found.astype(int) - wanted.astype(int))
    assert np.percentile(difference, 75) <= levels


def encoded(image: NDArray[np.uint8] | NDArray[np.uint16], extension: str) -> bytes:
    """The file of an image, RGB, RGBA or grey; lossless but for JPEG."""
    pixels = image
    if image.ndim == 3:
        swap = cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = cv2.cvtColor(image, swap)
    flags = [cv2.IMWRITE_WEBP_QUALITY, 101] if extension == ".webp" else []
    return bytes(cv2.imencode(extension, pixels, flags)[1])


def exif_block(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    """A TIFF block with one entry: the orientation."""
    mark = b"II" if order == "<" else b"MM"
    entry = struct.pack(f"{order}HHIHH", 0x0112, kind, 1, orientation, 0)
    return mark + struct.pack(f"{order}HIH", 42, 8, 1) + entry + bytes(4)


def jpeg_with_exif(jpeg: bytes, exif: bytes) -> bytes:
    """The JPEG with an APP1 segment behind its start."""
    body = b"Exif\x00\x00" + exif
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """The PNG with a chunk behind its IHDR."""
    return png[:33] + png_chunk(name, body) + png[33:]


def png_header(width_px: int, height_px: int, depth: int = 8, colour_type: int = 2) -> bytes:
    """Signature and IHDR."""
    ihdr = struct.pack(">IIBBBBB", width_px, height_px, depth, colour_type, 0, 0, 0)
    return PNG_SIGNATURE + png_chunk(b"IHDR", ihdr)


def png_of_zeros(width_px: int, height_px: int) -> bytes:
    """A valid grey PNG, black, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    row = bytes(width_px + 1)
    rows = b"".join([*(packer.compress(row) for _ in range(height_px)), packer.flush()])
    header = png_header(width_px, height_px, colour_type=0)
    return header + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def forged_png() -> bytes:
    """852 bytes that claim an IDAT of 2 GB."""
    start = png_header(640, 480) + struct.pack(">I", 0x7FFF_FF00) + b"IDAT"
    return start + bytes(852 - len(start))


def webp_with_exif(webp: bytes, exif: bytes, width_px: int, height_px: int) -> bytes:
    """A simple WebP turned into an extended one with an EXIF chunk."""
    exif_flag = 0x08
    canvas = (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    vp8x = b"VP8X" + struct.pack("<I", 10) + bytes([exif_flag, 0, 0, 0]) + canvas
    block = b"EXIF" + struct.pack("<I", len(exif)) + exif + bytes(len(exif) % 2)
    body = b"WEBP" + vp8x + webp[12:] + block
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_animation(
    frames: list[Image],
    canvas_px: tuple[int, int] | None = None,
    offset_px: tuple[int, int] = (0, 0),
) -> bytes:
    """An animated WebP of frames of equal size, at an even offset on a canvas."""
    height_px, width_px = frames[0].shape[:2]
    animation_flag = 0x02

    def uint24(*values: int) -> bytes:
        return b"".join(value.to_bytes(3, "little") for value in values)

    canvas = uint24(*(side - 1 for side in canvas_px or (width_px, height_px)))
    place = uint24(*(side // 2 for side in offset_px), width_px - 1, height_px - 1)
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes([animation_flag, 0, 0, 0]) + canvas
    chunks += b"ANIM" + struct.pack("<IIH", 6, 0xFFFFFFFF, 0)
    for frame in frames:
        body = place + uint24(100) + b"\x00" + encoded(frame, ".webp")[12:]
        chunks += b"ANMF" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
