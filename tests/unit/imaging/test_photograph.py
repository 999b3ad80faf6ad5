"""Reduced copies show the same places as the whole, however the file lies."""

import numpy as np
import pytest

from facenet_res.core.errors import ImageTooLarge, ImageUnreadable
from facenet_res.imaging.decode import ImageLimits, decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.photograph import Photograph
from tests.image_files import encoded, exif_block, jpeg_with_exif


def slopes(width_px: int, height_px: int) -> np.ndarray:
    """A picture whose red tells x and whose green tells y, 250 levels across 1,000 px."""
    image = np.full((height_px, width_px, 3), 90, np.uint8)
    image[:, :, 0] = np.arange(width_px) / 4
    image[:, :, 1] = np.arange(height_px)[:, None] / 4
    return image


def opened(data: bytes) -> Photograph:
    return Photograph(data, ImageLimits())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_points_of_a_copy_show_what_they_show_in_the_whole(orientation: int, shrink: int) -> None:
    # Given a picture whose sides are no whole number of blocks, stored in any orientation.
    data = jpeg_with_exif(encode_jpeg(slopes(805, 603), quality=98), exif_block(orientation))
    photograph = opened(data)
    # When a copy is decoded.
    copy = photograph.reduced(805 // shrink)
    assert copy.shrink == shrink
    whole = photograph.whole.pixels
    assert photograph.size_px == (whole.shape[1], whole.shape[0])
    # Then each of its pixels is the mean of the whole around the same place: to two levels, which
    # are 8 px of the 805 px; a grid that starts at the wrong side is off by up to shrink.
    y, x = np.mgrid[2 : copy.pixels.shape[0] - 2 : 7, 2 : copy.pixels.shape[1] - 2 : 7]
    places = copy.to_photograph(np.stack([x, y], axis=-1))
    column, row = np.floor(places).astype(int).transpose(2, 0, 1)
    parts = [whole[row + down, column + right].astype(float) for down in (0, 1) for right in (0, 1)]
    errors = copy.pixels[y, x, :2].astype(float) - np.mean(parts, axis=0)[:, :, :2]
    assert np.abs(errors).max() <= 2
    assert np.abs(errors.mean(axis=(0, 1))).max() <= 0.3


def test_the_smallest_copy_that_is_large_enough_is_taken() -> None:
    photograph = opened(encode_jpeg(slopes(800, 600)))
    for side_px, shrink in ((801, 1), (800, 1), (401, 1), (400, 2), (200, 4), (100, 8), (1, 8)):
        assert photograph.reduced(side_px).shrink == shrink
    assert photograph.reduced(None).pixels is photograph.whole.pixels


def test_the_whole_is_what_decoding_gives() -> None:
    data = encode_jpeg(slopes(100, 80))
    np.testing.assert_array_equal(opened(data).whole.pixels, decode_image(data))


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_other_formats_are_decoded_whole(extension: str) -> None:
    copy = opened(encoded(slopes(80, 60), extension)).reduced(10)
    assert copy.shrink == 1
    np.testing.assert_array_equal(copy.pixels, slopes(80, 60))


def test_grey_becomes_rgb_in_a_copy_too() -> None:
    grey = np.full((64, 64), 77, np.uint8)
    assert (opened(encoded(grey, ".jpg")).reduced(16).pixels == 77).all()


def test_a_cut_off_file_is_refused_in_a_copy_too() -> None:
    # Given a JPEG whose end marker comes half way, which decoders fill with grey.
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    data = encode_jpeg(noise)
    cut = data[: len(data) // 2] + b"\xff\xd9"
    with pytest.raises(ImageUnreadable, match="cut off"):
        opened(cut).reduced(40)


def test_limits_hold_before_anything_is_decoded() -> None:
    with pytest.raises(ImageTooLarge, match="64x48"):
        Photograph(encode_jpeg(slopes(64, 48)), ImageLimits(pixels_max=1000))
