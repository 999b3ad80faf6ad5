"""JPEG files as phones write them and as attackers do."""

import time

import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.jpeg import SCANS_MAX, SEGMENTS_MAX, read_scans
from tests import image_files as files

JPEG = files.encoded(files.corners_image(48, 80), ".jpg")
SCAN = JPEG.index(b"\xff\xda")


def test_reads_a_preview_in_exif_as_part_of_its_segment() -> None:
    # Given a whole JPEG inside the EXIF segment, its end marker and all.
    jpeg = files.jpeg_with_exif(JPEG, files.exif_block(6) + JPEG)
    assert read_scans(jpeg).data == jpeg
    assert decode_image(jpeg).shape == (80, 48, 3)
    # When only the preview is whole, then the file is truncated all the same.
    with pytest.raises(ImageUnreadable, match="truncated"):
        decode_image(jpeg[:-20])


def test_hands_the_decoder_nothing_behind_the_end_marker() -> None:
    assert read_scans(JPEG + b"a video").data == JPEG


@pytest.mark.parametrize("behind", [b"", JPEG, bytes(99), b"\xff\xe1\xff\xff cut"])
def test_ends_a_file_that_does_not(behind: bytes) -> None:
    scans = read_scans(JPEG[:-2] + behind)
    assert scans.data == JPEG
    assert not scans.is_closed


def test_takes_many_scans_but_not_any_number() -> None:
    header, scan, end = JPEG[:SCAN], JPEG[SCAN:-2], JPEG[-2:]
    assert read_scans(header + scan * SCANS_MAX + end).is_closed
    with pytest.raises(ImageUnreadable, match=f"limits are {SCANS_MAX} and"):
        read_scans(header + scan * (SCANS_MAX + 1) + end)


def test_takes_many_segments_but_not_any_number() -> None:
    segment = b"\xff\xe5\x00\x02"
    assert read_scans(JPEG[:2] + segment * (SEGMENTS_MAX - 20) + JPEG[2:]).is_closed
    with pytest.raises(ImageUnreadable, match=f"and {SEGMENTS_MAX}"):
        read_scans(JPEG[:2] + segment * SEGMENTS_MAX + JPEG[2:])


@pytest.mark.parametrize("filler", [b"\xff", b"\x00", b"\xff\x00", b"\xff\xd0"])
def test_walks_ten_megabytes_of_anything_in_a_second(filler: bytes) -> None:
    data = JPEG[: SCAN + 14] + filler * (10_000_000 // len(filler))
    start = time.process_time()
    assert not read_scans(data).is_closed
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe0\x00",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\xff\xff" + bytes(100),
    ],
)
def test_refuses_a_file_that_ends_before_its_pixels(data: bytes) -> None:
    with pytest.raises(ImageUnreadable, match=f"no pixels in its {len(data)} bytes"):
        read_scans(data)


def test_refuses_a_header_without_pixels() -> None:
    frame = JPEG.index(b"\xff\xc0")
    with pytest.raises(ImageUnreadable, match="JPEG is damaged or truncated"):
        decode_image(JPEG[: frame + 5] + b"\x00\x00" + JPEG[frame + 7 :])


def test_refuses_sampling_factors_of_zero() -> None:
    # Given a progressive file of one channel.
    grey = files.encoded(files.corners_image()[:, :, 0], ".jpg")
    frame = grey.index(b"\xff\xc0")
    forged = (
        grey[:frame] + b"\xff\xc2" + grey[frame + 2 : frame + 11] + b"\x00" + grey[frame + 12 :]
    )
    # When its only sampling factor is 0, then that is what is said.
    with pytest.raises(ImageUnreadable, match="sampling factors are 0"):
        decode_image(forged)


def test_tells_whether_the_scans_hold_everything() -> None:
    scan = b"\xff\xda\x00\x08\x01\x01\x00"
    first, last_bits_missing, rest = b"\x00\x00\x00", b"\x01\x3f\x01", b"\x01\x3f\x00"
    start = b"\xff\xd8" + scan + first + scan
    assert not read_scans(start + last_bits_missing).has_all
    assert read_scans(start + rest).has_all
    assert read_scans(JPEG).has_all
