"""PNG files: what reaches the decoder, and what never does."""

import struct
import zlib

import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.png import CHUNKS_MAX, read_png_header
from tests import image_files as files

PNG = files.encoded(files.corners_image(48, 80), ".png")
END = files.png_chunk(b"IEND", b"")


def test_hands_on_only_what_the_pixels_need() -> None:
    # Given compressed text that would unpack to 100 MB, an animation and bytes behind the end.
    bomb = b"Comment\x00\x00" + zlib.compress(bytes(100_000_000))
    stuffed = files.png_with_chunk(PNG, b"zTXt", bomb)
    stuffed = files.png_with_chunk(stuffed, b"acTL", bytes(8)) + b"behind the end"
    assert read_png_header(stuffed).pixel_bytes == PNG


def test_refuses_a_wrong_checksum_of_pixels() -> None:
    position = PNG.index(b"IDAT") + 6
    damaged = PNG[:position] + bytes([PNG[position] ^ 1]) + PNG[position + 1 :]
    with pytest.raises(ImageUnreadable, match=r"chunk b'IDAT' has checksum"):
        read_png_header(damaged)


def test_overlooks_a_wrong_checksum_of_a_text() -> None:
    text = bytearray(files.png_with_chunk(PNG, b"tEXt", b"Comment\x00hello"))
    text[text.index(b"hello")] ^= 1
    assert read_png_header(bytes(text)).width_px == 80


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (files.png_header(0, 5) + files.png_chunk(b"IDAT", b"") + END, "0x5 px, least is 1x1"),
        (files.png_header(5, 5) + END, "lacks an IDAT"),
        (files.PNG_SIGNATURE + files.png_chunk(b"IDAT", b"") + END, "not with one IHDR"),
        (files.png_header(5, 5, depth=3) + files.png_chunk(b"IDAT", b"") + END, "at 3 bits"),
        (files.png_header(5, 5, colour_type=5) + files.png_chunk(b"IDAT", b"") + END, "type 5"),
        (files.PNG_SIGNATURE + files.png_chunk(b"IHDR", b"") + END, "lacks an IDAT"),
        (files.PNG_SIGNATURE, "without IEND"),
        (files.png_header(5, 5) + files.png_chunk(b"IDAT", b""), "without IEND"),
    ],
)
def test_refuses_a_structure_that_breaks_the_format(data: bytes, message: str) -> None:
    with pytest.raises(ImageUnreadable, match=message):
        read_png_header(data)


def test_refuses_more_chunks_than_any_file_has() -> None:
    empty = files.png_chunk(b"tEXt", b"")
    with pytest.raises(ImageUnreadable, match=f"over {CHUNKS_MAX} chunks"):
        read_png_header(files.png_header(5, 5) + empty * CHUNKS_MAX)


def test_says_how_much_a_forged_chunk_claims_and_how_much_is_there() -> None:
    start = files.png_header(5, 5) + struct.pack(">I", 4_000_000_000) + b"IDAT"
    with pytest.raises(ImageUnreadable, match="declares 4000000000 bytes, 10 are left"):
        read_png_header(start + bytes(14))


@pytest.mark.parametrize(
    ("colour_type", "has_alpha"), [(0, False), (2, False), (4, True), (6, True)]
)
def test_tells_alpha(colour_type: int, has_alpha: bool) -> None:
    data = files.png_header(5, 5, colour_type=colour_type) + files.png_chunk(b"IDAT", b"x") + END
    assert read_png_header(data).has_alpha is has_alpha
    assert read_png_header(files.png_with_chunk(data, b"tRNS", bytes(2))).has_alpha
