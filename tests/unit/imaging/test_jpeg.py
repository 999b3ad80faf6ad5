"""JPEG files as phones write them and as attackers do."""

import struct
import time

import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.jpeg import SCANS_MAX, read_jpeg_header
from tests import image_files as files

JPEG = files.encoded(files.corners_image(48, 80), ".jpg")
SCAN = JPEG.index(b"\xff\xda")


def test_reads_a_preview_in_exif_as_part_of_its_segment() -> None:
    # Given a whole JPEG inside the EXIF segment, its end marker and all.
    jpeg = files.jpeg_with_exif(JPEG, files.exif_block(6) + JPEG)
    layout = read_jpeg_header(jpeg)
    assert (layout.width_px, layout.height_px, layout.orientation) == (80, 48, 6)
    # When only the preview is whole, then the file is cut off all the same.
    with pytest.raises(ImageUnreadable, match="cut off"):
        read_jpeg_header(jpeg[:-2])


def test_takes_many_scans_but_not_any_number() -> None:
    header, scan, end = JPEG[:SCAN], JPEG[SCAN:-2], JPEG[-2:]
    assert read_jpeg_header(header + scan * SCANS_MAX + end).width_px == 80
    with pytest.raises(ImageUnreadable, match=f"over {SCANS_MAX} scans"):
        read_jpeg_header(header + scan * (SCANS_MAX + 1) + end)


@pytest.mark.parametrize("filler", [b"\xff", b"\x00", b"\xff\x00", b"\xff\xd0"])
def test_walks_ten_megabytes_of_anything_in_a_second(filler: bytes) -> None:
    data = JPEG[: SCAN + 12] + filler * (10_000_000 // len(filler))
    start = time.perf_counter()
    with pytest.raises(ImageUnreadable, match="cut off"):
        read_jpeg_header(data)
    assert time.perf_counter() - start < 1


def test_refuses_a_segment_that_ends_beyond_the_file() -> None:
    with pytest.raises(ImageUnreadable, match="a segment ends at byte 65539"):
        read_jpeg_header(b"\xff\xd8\xff\xe0\xff\xff" + bytes(100))


def test_refuses_a_segment_shorter_than_its_length() -> None:
    with pytest.raises(ImageUnreadable, match="length 1, least is 2"):
        read_jpeg_header(b"\xff\xd8\xff\xe0\x00\x01" + bytes(100))


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe0\x00"])
def test_refuses_a_stub(data: bytes) -> None:
    with pytest.raises(ImageUnreadable, match="cut off"):
        read_jpeg_header(data)


def test_refuses_a_file_without_a_picture() -> None:
    with pytest.raises(ImageUnreadable, match="without an image in it"):
        read_jpeg_header(b"\xff\xd8\xff\xd9")


def test_refuses_a_header_without_pixels() -> None:
    frame = JPEG.index(b"\xff\xc0")
    flat = JPEG[: frame + 5] + struct.pack(">HH", 0, 80) + JPEG[frame + 9 :]
    with pytest.raises(ImageUnreadable, match="80x0 px, least is 1x1"):
        read_jpeg_header(flat)


def test_tells_whether_the_scans_hold_everything() -> None:
    frame, scan = (
        b"\xff\xc2\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00",
        b"\xff\xda\x00\x08\x01\x01\x00",
    )
    first_bits, all_bits, rest = b"\x00\x00\x01", b"\x00\x00\x10", b"\x01\x3f\x00"
    data = b"\xff\xd8" + frame + scan + first_bits + scan + all_bits
    assert not read_jpeg_header(data + b"\xff\xd9").has_all_scans
    assert read_jpeg_header(data + scan + rest + b"\xff\xd9").has_all_scans
    assert read_jpeg_header(JPEG).has_all_scans


def test_refuses_a_scan_header_that_is_too_short() -> None:
    with pytest.raises(ImageUnreadable, match="scan header has 1 bytes, least is 10"):
        read_jpeg_header(JPEG[:SCAN] + b"\xff\xda\x00\x03\x03" + b"\xff\xd9")


def test_hands_the_decoder_nothing_behind_the_end_marker() -> None:
    assert read_jpeg_header(JPEG + b"a video").pixel_bytes == JPEG
