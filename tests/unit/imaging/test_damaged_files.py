"""Thousands of damaged files: each ends in an image or in one of two errors."""

import io
import time

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from facenet_res.core.errors import ImageTooLarge, ImageUnreadable
from facenet_res.imaging.decode import ImageLimits, decode_image
from tests import image_files as files

ROUNDS = 500
LIMITS = ImageLimits(pixels_max=1_000_000)

# Pillow's name of a format, and how it is written.
WRITTEN = {
    "jpeg": ("JPEG", {"exif": files.exif_block(6)}),
    "jpeg_progressive": ("JPEG", {"progressive": True}),
    "png": ("PNG", {"exif": files.exif_block(3)}),
    "webp": ("WEBP", {"exif": files.exif_block(3)}),
    "heic": ("HEIF", {}),
    "avif": ("AVIF", {"speed": 10}),
    "tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "ppm": ("PPM", {}),
}


def whole(kind: str) -> bytes:
    pillow_heif.register_heif_opener()
    name, options = WRITTEN[kind]
    cells = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
    image = Image.fromarray(cells).resize((64, 48), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    """The file with bytes changed, moved, repeated or missing; mostly near its start."""
    changed = bytearray(data)
    reach = len(data) if generator.random() < 0.5 else min(len(data), 128)
    for place in generator.integers(0, reach, generator.integers(1, 6)).tolist():
        changed[place] = int(generator.choice([0, 1, 127, 128, 255, generator.integers(256)]))
    first, last = sorted(generator.integers(0, len(data), 2).tolist())
    match generator.integers(6):
        case 0:
            del changed[last:]
        case 1:
            del changed[first : first + last % 32]
        case 2:
            changed[first:first] = changed[first:last]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", WRITTEN)
def test_any_damage_ends_in_an_image_or_a_typed_error(kind: str) -> None:
    # Given a file, whole and damaged in many ways.
    data, generator = whole(kind), np.random.default_rng(7)
    assert decode_image(data, LIMITS).size == 64 * 48 * 3
    # When each is decoded.
    images = 0
    start = time.process_time()
    for _ in range(ROUNDS):
        try:
            pixels = decode_image(damaged(data, generator), LIMITS)
        except (ImageUnreadable, ImageTooLarge):
            continue
        assert pixels.dtype == np.uint8
        assert pixels.shape[2:] == (3,)
        images += 1
    # Then nothing else escapes, some are still images, and none takes long.
    assert 0 < images < ROUNDS
    assert time.process_time() - start < 20
