"""The orientation tag, and turning by it."""

import numpy as np
import pytest

from facenet_res.imaging.orientation import read_orientation, upright, upright_size
from tests import image_files as files

IMAGE = files.corners_image()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\x00\x00"])
def test_reads_the_tag_in_both_byte_orders(orientation: int, order: str, prefix: bytes) -> None:
    assert read_orientation(prefix + files.exif_block(orientation, order)) == orientation


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "block",
    [
        None,
        b"",
        b"II",
        b"XX" + files.exif_block(6)[2:],
        files.exif_block(6)[:20],
        files.exif_block(0),
        files.exif_block(9),
        files.exif_block(6, kind=2),
        files.exif_block(6)[:4] + b"\xff\xff\xff\xff" + files.exif_block(6)[8:],
    ],
)
def test_takes_a_damaged_block_for_upright(block: bytes | None) -> None:
    assert read_orientation(block) == 1


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_count_beyond_the_block_ends_with_the_block() -> None:
    block = files.exif_block(6)
    assert read_orientation(block[:8] + b"\xff\xff" + block[10:]) == 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_what_each_orientation_stores_upright(orientation: int) -> None:
    stored = files.stored_images(IMAGE)[orientation]
    np.testing.assert_array_equal(upright(stored, orientation), IMAGE)
    height_px, width_px = stored.shape[:2]
    assert upright_size(width_px, height_px, orientation) == (80, 48)
