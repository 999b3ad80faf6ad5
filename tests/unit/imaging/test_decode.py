"""Whole files through the decoder: what comes out, and what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid, FileMissing, ImageTooLarge, ImageUnreadable
from facenet_res.imaging.decode import (
    ImageLimits,
    decode_image,
    read_image,
    read_image_bytes,
)
from tests import image_files as files

IMAGE = files.corners_image()
STORED = files.stored_images(IMAGE)


@pytest.mark.parametrize(("extension", "levels"), [(".jpg", 4), (".png", 0), (".webp", 0)])
def test_gives_the_pixels_as_rgb(extension: str, levels: int) -> None:
    files.assert_like(decode_image(files.encoded(IMAGE, extension)), IMAGE, levels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [1, 3, 4, 6, 8, 9, 16])
def test_reads_an_orientation_of_any_integer_type(orientation: int, kind: int) -> None:
    stored = files.encoded(STORED[orientation], ".jpg")
    exif = files.exif_block(orientation, kind=kind)
    if kind == 16:
        exif = exif[:18] + bytes([26, 0, 0, 0]) + bytes(4) + bytes([orientation]) + bytes(7)
    files.assert_like(decode_image(files.jpeg_with_exif(stored, exif)), IMAGE, levels=4)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize(
    "exif",
    [
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
@pytest.mark.parametrize("extension", [".jpg", ".png"])
def test_takes_a_damaged_orientation_for_upright(exif: bytes, extension: str) -> None:
    stored = files.encoded(IMAGE, extension)
    if extension == ".jpg":
        data = files.jpeg_with_exif(stored, exif)
    else:
        data = files.png_with_chunk(stored, b"eXIf", exif)
    files.assert_like(decode_image(data), IMAGE, levels=4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_turns_a_jpeg_upright(orientation: int, order: str) -> None:
    stored = files.encoded(STORED[orientation], ".jpg")
    exif = files.exif_block(orientation, order)
    files.assert_like(decode_image(files.jpeg_with_exif(stored, exif)), IMAGE, levels=4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_a_png_upright(orientation: int) -> None:
    stored = files.encoded(STORED[orientation], ".png")
    exif = files.exif_block(orientation)
    files.assert_like(decode_image(files.png_with_chunk(stored, b"eXIf", exif)), IMAGE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_a_webp_upright(orientation: int) -> None:
    pixels = STORED[orientation]
    stored = files.encoded(pixels, ".webp")
    exif = files.exif_block(orientation)
    height_px, width_px = pixels.shape[:2]
    files.assert_like(decode_image(files.webp_with_exif(stored, exif, width_px, height_px)), IMAGE)


@pytest.mark.parametrize("extension", [".jpg", ".png"])
def test_makes_grey_into_rgb(extension: str) -> None:
    grey = np.full((20, 30), 77, np.uint8)
    files.assert_like(
        decode_image(files.encoded(grey, extension)), np.full((20, 30, 3), 77), levels=1
    )


def test_makes_sixteen_bits_into_eight() -> None:
    deep = IMAGE.astype(np.uint16) * 257
    files.assert_like(decode_image(files.encoded(deep, ".png")), IMAGE)


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_blends_transparent_pixels_over_white(extension: str) -> None:
    # Given colours hidden under full, half and no transparency.
    image = np.zeros((8, 12, 4), np.uint8)
    image[:, :, :3] = (200, 100, 0)
    image[:, 4:8, 3] = 128
    image[:, 8:, 3] = 255
    # When decoded.
    pixels = decode_image(files.encoded(image, extension))
    # Then what is hidden from people is hidden from the detector.
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 5].tolist() == [227, 177, 127]
    assert pixels[0, 9].tolist() == [200, 100, 0]


def test_blends_sixteen_bit_transparency_over_white() -> None:
    deep = np.zeros((4, 4, 4), np.uint16)
    assert (decode_image(files.encoded(deep, ".png")) == 255).all()


def test_takes_the_first_frame_of_an_animated_webp() -> None:
    animation = files.webp_animation([IMAGE, 255 - IMAGE])
    files.assert_like(decode_image(animation), IMAGE)


def test_takes_the_still_image_of_an_animated_png() -> None:
    png = files.png_with_chunk(files.encoded(IMAGE, ".png"), b"acTL", bytes(8))
    files.assert_like(decode_image(png), IMAGE)


KINDS = {
    "baseline": (),
    "progressive": (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": (cv2.IMWRITE_JPEG_RST_INTERVAL, 8),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behind", [b"", b"\x00" * 500, b"\xff", b"a trailer \xff\xe1\xff\xff..."])
def test_reads_a_jpeg_without_an_end_marker(kind: str, behind: bytes) -> None:
    # Given all pixels, and something else or nothing where the end marker belongs.
    whole = coloured_jpeg(*KINDS[kind])
    # When decoded, then nothing is missing, at any size.
    np.testing.assert_array_equal(decode_image(whole[:-2] + behind), decode_image(whole))


def test_ignores_bytes_behind_the_end_of_a_jpeg() -> None:
    jpeg = files.encoded(IMAGE, ".jpg")
    files.assert_like(decode_image(jpeg + b"\x00\xff\xd8\xff appended video"), IMAGE, levels=4)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_refuses_a_file_that_is_truncated(extension: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = files.encoded(noise, extension)
    with pytest.raises(ImageUnreadable, match="truncated"):
        decode_image(whole[: int(len(whole) * share)])


def test_refuses_a_jpeg_whose_end_was_never_written() -> None:
    # Given a file of the right length, its tail still zeros, as an interrupted copy leaves it.
    whole = files.encoded(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), ".jpg")
    half = len(whole) // 2
    with pytest.raises(ImageUnreadable, match="truncated"):
        decode_image(whole[:half] + bytes(len(whole) - half))


def test_refuses_a_png_with_too_few_pixels() -> None:
    png = files.png_header(64, 64) + files.png_chunk(b"IDAT", b"x\x9c\x03\x00\x00\x00\x00\x01")
    with pytest.raises(ImageUnreadable, match="damaged or truncated"):
        decode_image(png + files.png_chunk(b"IEND", b""))


def test_says_what_a_text_file_starts_with() -> None:
    with pytest.raises(ImageUnreadable, match=r"starts with b'Dear reader,"):
        decode_image(b"Dear reader, this is a text file named .jpg")


def test_refuses_by_the_header_alone_an_image_of_too_many_pixels() -> None:
    png = files.png_of_zeros(20_000, 20_000)
    assert len(png) < 1_000_000
    with pytest.raises(ImageTooLarge, match=r"20000x20000 px, 400000000 in all, limit is 50000000"):
        decode_image(png)


def test_refuses_a_side_that_is_too_long() -> None:
    png = files.png_of_zeros(20_001, 1)
    with pytest.raises(ImageTooLarge, match=r"20001x1 px, limit of a side is 20000"):
        decode_image(png)


def test_takes_an_image_at_its_limits_and_no_more() -> None:
    png = files.png_of_zeros(30, 20)
    assert decode_image(png, ImageLimits(pixels_max=600, side_px_max=30)).shape == (20, 30, 3)
    with pytest.raises(ImageTooLarge):
        decode_image(png, ImageLimits(pixels_max=599))
    with pytest.raises(ImageTooLarge, match=f"{len(png)} bytes, limit is {len(png) - 1}"):
        decode_image(png, ImageLimits(bytes_max=len(png) - 1))


@pytest.mark.parametrize("name", ["bytes_max", "pixels_max", "side_px_max"])
def test_refuses_limits_that_admit_nothing(name: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"{name} must be >= 1, got 0"):
        ImageLimits(**{name: 0})


def test_refuses_sides_that_could_not_be_warped() -> None:
    with pytest.raises(ConfigInvalid, match="40000"):
        ImageLimits(side_px_max=40_000)


def coloured_jpeg(*flags: int) -> bytes:
    """A JPEG without a grey corner; flags as for cv2.imwrite."""
    cells = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    image = cv2.resize(cells, (400, 300), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", image, flags)[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.1, 0.33, 0.6])
def test_refuses_a_jpeg_that_was_truncated_and_closed(kind: str, part: float) -> None:
    whole = coloured_jpeg(*KINDS[kind])
    assert decode_image(whole).shape == (300, 400, 3)
    cut = whole[: int(part * len(whole))] + b"\xff\xd9"
    with pytest.raises(ImageUnreadable, match="pixels are missing"):
        decode_image(cut)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", [b"", b"\xff", b"\x00" * 9])
def test_takes_a_whole_jpeg_that_ends_grey(kind: str, padding: bytes) -> None:
    # Given pixels of the very colour that a decoder puts where data is missing.
    grey = np.full((64, 64, 3), 128, np.uint8)
    whole = bytes(cv2.imencode(".jpg", grey, KINDS[kind])[1])
    assert (decode_image(whole[:-2] + padding + whole[-2:]) == 128).all()


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(files.encoded(IMAGE, ".png"))
    files.assert_like(read_image(path), IMAGE)


@pytest.mark.parametrize("name", ["absent.jpg", "."])
def test_names_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileMissing, match=str(tmp_path / name)):
        read_image(tmp_path / name)


def test_does_not_read_a_file_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(bytes(5000))
    with pytest.raises(ImageTooLarge, match="5000 bytes, limit is 1000"):
        read_image_bytes(path, ImageLimits(bytes_max=1000))
