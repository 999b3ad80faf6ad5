"""Encoding is undone by decoding, within what JPEG loses."""

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from tests.image_files import corners_image


def test_keeps_colours_in_their_places() -> None:
    image = corners_image(64, 64)
    decoded = decode_image(encode_jpeg(image))
    assert np.median(np.abs(decoded.astype(int) - image)) <= 2


def test_less_quality_takes_fewer_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert len(encode_jpeg(noise, 30)) < len(encode_jpeg(noise, 90))


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_refuses_a_quality_out_of_range(quality: int) -> None:
    with pytest.raises(ArgumentInvalid, match=rf"\[1, 100\], got {quality}"):
        encode_jpeg(corners_image(), quality)


def test_refuses_what_jpeg_cannot_hold() -> None:
    with pytest.raises(ArgumentInvalid, match="65500 px, got 65501"):
        encode_jpeg(np.zeros((1, 65_501, 3), np.uint8))
    with pytest.raises(ArrayInvalid):
        encode_jpeg(np.zeros((5, 5), np.uint8))
