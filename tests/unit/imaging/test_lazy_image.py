"""Sources of images, and reduced sizes that show the same places as the full size."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    ArrayInvalid,
    FileMissing,
    ImageTooLarge,
    ImageUnreadable,
)
from facenet_res.imaging.decode import ImageLimits, decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.lazy_image import LazyImage
from tests.image_files import encoded, exif_block, jpeg_with_exif


def slopes(width_px: int, height_px: int) -> np.ndarray:
    """An image whose red tells x and whose green tells y, 250 levels across 1,000 px."""
    image = np.full((height_px, width_px, 3), 90, np.uint8)
    image[:, :, 0] = np.arange(width_px) / 4
    image[:, :, 1] = np.arange(height_px)[:, None] / 4
    return image


def opened(data: bytes) -> LazyImage:
    return LazyImage.open(data)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_points_of_a_reduced_size_show_what_they_show_in_the_whole(
    orientation: int, shrink: int
) -> None:
    # Given an image whose sides are no whole number of blocks, stored in any orientation.
    data = jpeg_with_exif(encode_jpeg(slopes(805, 603), quality=98), exif_block(orientation))
    image = opened(data)
    # When a smaller size is decoded.
    scaled = image.reduced(805 // shrink)
    assert scaled.shrink == shrink
    whole = image.whole.pixels
    assert image.size_px == (whole.shape[1], whole.shape[0])
    # Then each of its pixels is the mean of the whole around the same place: to two levels, which
    # are 8 px of the 805 px; a grid that starts at the wrong side is off by up to shrink.
    y, x = np.mgrid[2 : scaled.pixels.shape[0] - 2 : 7, 2 : scaled.pixels.shape[1] - 2 : 7]
    places = scaled.to_full_size(np.stack([x, y], axis=-1))
    column, row = np.floor(places).astype(int).transpose(2, 0, 1)
    parts = [whole[row + down, column + right].astype(float) for down in (0, 1) for right in (0, 1)]
    errors = scaled.pixels[y, x, :2].astype(float) - np.mean(parts, axis=0)[:, :, :2]
    assert np.abs(errors).max() <= 2
    assert np.abs(errors.mean(axis=(0, 1))).max() <= 0.3


def test_the_smallest_size_that_is_large_enough_is_taken() -> None:
    image = opened(encode_jpeg(slopes(800, 600)))
    for side_px, shrink in ((801, 1), (800, 1), (401, 1), (400, 2), (200, 4), (100, 8), (1, 8)):
        assert image.reduced(side_px).shrink == shrink
    assert image.reduced(None).pixels is image.whole.pixels


def test_the_whole_is_what_decoding_gives() -> None:
    data = encode_jpeg(slopes(100, 80))
    np.testing.assert_array_equal(opened(data).whole.pixels, decode_image(data))


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_other_formats_are_decoded_whole(extension: str) -> None:
    scaled = opened(encoded(slopes(80, 60), extension)).reduced(10)
    assert scaled.shrink == 1
    np.testing.assert_array_equal(scaled.pixels, slopes(80, 60))


def test_grey_becomes_rgb_at_a_reduced_size_too() -> None:
    grey = np.full((64, 64), 77, np.uint8)
    assert (opened(encoded(grey, ".jpg")).reduced(16).pixels == 77).all()


def test_a_truncated_file_is_refused_at_a_reduced_size_too() -> None:
    # Given a JPEG whose end marker comes half way, which decoders fill with grey.
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    data = encode_jpeg(noise)
    cut = data[: len(data) // 2] + b"\xff\xd9"
    with pytest.raises(ImageUnreadable, match="truncated"):
        opened(cut).reduced(40)


def test_limits_hold_before_anything_is_decoded() -> None:
    with pytest.raises(ImageTooLarge, match="64x48"):
        LazyImage.open(encode_jpeg(slopes(64, 48)), ImageLimits(pixels_max=1000))


def test_a_path_bytes_and_an_array_give_the_same_image(tmp_path: Path) -> None:
    # Given one image as a file, as bytes of several types, and as an array.
    pixels = slopes(80, 60)
    data = encoded(pixels, ".png")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    array = decode_image(data)
    # When opened, then size and pixels agree.
    for source in (path, str(path), data, bytearray(data), memoryview(data), array):
        image = LazyImage.open(source)
        assert image.size_px == (80, 60)
        np.testing.assert_array_equal(image.whole.pixels, array)
        np.testing.assert_array_equal(image.reduced(10).pixels, array)
        assert image.data == (None if source is array else data)


def test_an_array_is_not_copied_and_an_opened_image_stays_itself() -> None:
    array = slopes(8, 6)
    image = LazyImage.open(array)
    assert image.whole.pixels is array
    assert LazyImage.open(image) is image


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((6, 8, 3), np.float32), r"got float32\[6, 8, 3\]: scale \[0, 1\]"),
        (np.zeros((6, 8, 4), np.uint8), r"got uint8\[6, 8, 4\]: drop alpha"),
        (np.zeros((6, 8), np.uint8), r"got uint8\[6, 8\]: repeat a grey image's values"),
        (np.zeros((6, 8, 1), np.uint8), r"got uint8\[6, 8, 1\]"),
        (np.zeros((3, 6, 8), np.uint8), r"got uint8\[3, 6, 8\]: move channels"),
        (np.zeros((6, 8, 3), np.uint16), r"got uint16\[6, 8, 3\]: scale 16 bits to 8"),
        (np.zeros((0, 8, 3), np.uint8), r"got uint8\[0, 8, 3\], which has no pixels"),
        (np.array("a.jpg"), r"got <U5\[\]"),
    ],
)
def test_another_array_is_refused_with_a_remedy(array: Any, message: str) -> None:
    with pytest.raises(ArrayInvalid, match=r"an image is uint8\[H, W, 3\] RGB; " + message):
        LazyImage.open(array)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "RGB; got NoneType$"),
        (7, "RGB; got int$"),
        ([[0, 1], [2, 3]], "got list; convert it with numpy.asarray"),
        (np.uint8(3), "got numpy.uint8"),
    ],
)
def test_another_type_is_refused_with_what_is_accepted(source: Any, message: str) -> None:
    with pytest.raises(ArgumentInvalid, match=message):
        LazyImage.open(source)


def test_an_open_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encode_jpeg(slopes(8, 6)))
    with path.open("rb") as file, pytest.raises(ArgumentInvalid, match=r"pass file.read\(\)"):
        LazyImage.open(file)  # type: ignore[arg-type]


def test_a_path_that_names_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"absent\.jpg: No such file"):
        LazyImage.open(str(tmp_path / "absent.jpg"))


def test_limits_hold_for_arrays_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encode_jpeg(slopes(64, 48)))
    with pytest.raises(ImageTooLarge, match="64x48"):
        LazyImage.open(slopes(64, 48), ImageLimits(pixels_max=1000))
    with pytest.raises(ImageTooLarge, match="bytes, limit is 100"):
        LazyImage.open(path, ImageLimits(bytes_max=100))
