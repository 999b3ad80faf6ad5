"""Headers of image files: size, orientation, and what decoding would cost."""

import numpy as np
import pytest

from facenet_res.core.errors import ImageTooLarge, ImageUnreadable
from facenet_res.imaging.header import read_header, unreadable
from tests import image_files as files


@pytest.mark.parametrize(
    ("extension", "name"), [(".jpg", "JPEG"), (".png", "PNG"), (".webp", "WebP"), (".bmp", "BMP")]
)
def test_tells_format_and_size(extension: str, name: str) -> None:
    header = read_header(files.encoded(files.corners_image(48, 80), extension))
    assert (header.format, header.width_px, header.height_px) == (name, 80, 48)
    assert header.orientation == 1


@pytest.mark.parametrize(
    "start",
    [
        b"GIF89a......",
        b"BM....\x00\x00\x00\x00..",
        b"II*\x00........",
        b"P5\n.........",
        b"\x00\x00\x00\x18ftypheic............",
        b"\x00\x00\x00\x18ftypavif............",
        b"RIFF....WEBPVP8 ....",
    ],
)
def test_refuses_a_file_that_only_begins_like_an_image(start: bytes) -> None:
    with pytest.raises(ImageUnreadable, match="truncated"):
        read_header(start)


def test_counts_the_memory_of_the_decoder() -> None:
    # Given 100 pixels in files that cost their decoders more or less.
    def bytes_per_px(image: np.ndarray, extension: str) -> float:
        return read_header(files.encoded(image, extension)).memory_bytes / 100

    rgb, alpha = np.zeros((10, 10, 3), np.uint8), np.zeros((10, 10, 4), np.uint8)
    # When read, then what is kept while decoding counts, not only the result.
    assert bytes_per_px(rgb, ".jpg") == 6
    assert bytes_per_px(alpha, ".png") == 8
    assert bytes_per_px(alpha.astype(np.uint16), ".png") == 8
    assert bytes_per_px(alpha, ".webp") == 17


def test_a_lack_of_memory_is_no_damage() -> None:
    assert isinstance(unreadable("PNG", MemoryError()), ImageTooLarge)
    assert isinstance(unreadable("PNG", ValueError("bad")), ImageUnreadable)
