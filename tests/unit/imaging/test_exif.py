"""The orientation tag; damaged blocks count as upright."""

import numpy as np
import pytest

from facenet_res.imaging.exif import read_orientation, upright
from tests.image_files import exif_block


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\x00\x00"])
def test_reads_the_tag_in_both_byte_orders(orientation: int, order: str, prefix: bytes) -> None:
    assert read_orientation(prefix + exif_block(orientation, order)) == orientation


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II",
        b"XX" + exif_block(6)[2:],
        exif_block(6)[:20],
        exif_block(0),
        exif_block(9),
        exif_block(6, kind=4),
        exif_block(6)[:4] + b"\xff\xff\xff\xff" + exif_block(6)[8:],
        b"II\x2b\x00" + exif_block(6)[4:],
    ],
)
def test_takes_a_damaged_block_for_upright(block: bytes) -> None:
    assert read_orientation(block) == 1


def test_a_count_beyond_the_block_ends_with_the_block() -> None:
    block = exif_block(6)
    assert read_orientation(block[:8] + b"\xff\xff" + block[10:]) == 6


def test_turns_are_undone_by_their_counterparts() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for orientation, counterpart in [(2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (7, 7), (8, 6)]:
        turned = upright(upright(pixels, orientation), counterpart)
        np.testing.assert_array_equal(turned, pixels)
