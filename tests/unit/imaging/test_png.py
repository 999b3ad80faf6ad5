"""PNG files: what reaches the decoder, and what never does."""

import struct
import zlib

import numpy as np
import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.png import CHUNKS_MAX, image_chunks
from tests import image_files as files

IMAGE = files.corners_image(48, 80)
PNG = files.encoded(IMAGE, ".png")
END = files.png_chunk(b"IEND", b"")


def test_hands_on_only_what_the_pixels_need() -> None:
    # Given compressed text that would unpack to 100 MB, an animation and bytes behind the end.
    bomb = b"Comment\x00\x00" + zlib.compress(bytes(100_000_000))
    stuffed = files.png_with_chunk(PNG, b"zTXt", bomb)
    stuffed = files.png_with_chunk(stuffed, b"acTL", bytes(8)) + b"behind the end"
    assert image_chunks(stuffed) == image_chunks(PNG) == PNG


def test_reads_an_orientation_behind_the_pixels() -> None:
    late = PNG[:-12] + files.png_chunk(b"eXIf", files.exif_block(3)) + END
    np.testing.assert_array_equal(decode_image(late), IMAGE[::-1, ::-1])


def test_reads_a_file_that_lacks_only_its_end() -> None:
    np.testing.assert_array_equal(decode_image(PNG[:-12]), IMAGE)


def test_refuses_a_wrong_checksum_of_pixels() -> None:
    position = PNG.index(b"IDAT") + 6
    damaged = PNG[:position] + bytes([PNG[position] ^ 1]) + PNG[position + 1 :]
    with pytest.raises(ImageUnreadable, match=r"checksum mismatch in chunk b'IDAT'"):
        image_chunks(damaged)


@pytest.mark.parametrize(
    ("name", "body"), [(b"tEXt", b"Comment\x00hello"), (b"eXIf", files.exif_block(3) + b"hello")]
)
def test_overlooks_a_wrong_checksum_of_what_is_not_needed(name: bytes, body: bytes) -> None:
    text = bytearray(files.png_with_chunk(PNG, name, body))
    text[text.index(b"hello")] ^= 1
    assert image_chunks(bytes(text)) == PNG


@pytest.mark.parametrize(
    "data",
    [
        files.png_header(0, 5) + files.png_chunk(b"IDAT", b"") + END,
        files.png_header(5, 5) + END,
        files.PNG_SIGNATURE + files.png_chunk(b"IDAT", b"") + END,
        files.png_header(5, 5, depth=3) + files.png_chunk(b"IDAT", b"") + END,
        files.png_header(5, 5, colour_type=5) + files.png_chunk(b"IDAT", b"") + END,
        files.PNG_SIGNATURE + files.png_chunk(b"IHDR", b"") + END,
        files.PNG_SIGNATURE,
        files.png_header(5, 5),
        files.png_header(5, 5) + files.png_chunk(b"IDAT", zlib.compress(bytes(70))) + END,
    ],
)
def test_refuses_a_structure_that_breaks_the_format(data: bytes) -> None:
    with pytest.raises(ImageUnreadable, match="PNG is damaged or truncated"):
        decode_image(data)


def test_refuses_more_chunks_than_any_file_has() -> None:
    empty = files.png_chunk(b"tEXt", b"")
    with pytest.raises(ImageUnreadable, match=f"over {CHUNKS_MAX} chunks"):
        image_chunks(files.png_header(5, 5) + empty * CHUNKS_MAX)


def test_says_how_much_a_forged_chunk_claims_and_how_much_is_there() -> None:
    start = files.png_header(5, 5) + struct.pack(">I", 4_000_000_000) + b"IDAT"
    with pytest.raises(ImageUnreadable, match="declares 4000000000 bytes, 10 are left"):
        image_chunks(start + bytes(14))
