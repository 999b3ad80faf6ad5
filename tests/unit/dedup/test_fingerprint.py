"""Fingerprints: close for copies, far for other pictures."""

import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.dedup.fingerprint import (
    DESCRIPTOR_DIM,
    VIEWS,
    descriptors_of,
    fingerprint_of,
    grey_of,
    is_grey,
    view_of,
)
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from tests.unit.dedup.pictures import colourless, cropped, grey, picture, scaled


def similarity(first: Image, second: Image) -> float:
    return float(descriptors_of(grey_of(first))[0] @ descriptors_of(grey_of(second))[0])


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_closer_than_other_pictures(seed: int) -> None:
    image = picture(seed)
    assert similarity(image, decode_image(encode_jpeg(image, 60))) > 0.99
    assert similarity(image, scaled(image, 0.5)) > 0.98
    assert similarity(image, colourless(image)) > 0.999
    assert similarity(image, picture(seed + 100)) < 0.6


def test_the_inner_view_of_a_picture_is_its_cropped_copy() -> None:
    image = picture(3)
    inner = descriptors_of(grey(image))[1]
    assert float(inner @ descriptors_of(grey(cropped(image, 0.08)))[0]) > 0.99


def test_descriptors_are_of_unit_length_without_the_mean_grey() -> None:
    found = descriptors_of(grey(picture(0)))
    assert found.shape == (VIEWS, DESCRIPTOR_DIM)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert (found[:, 0] == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (40, 3)])
def test_a_picture_without_structure_is_like_nothing(shape: tuple[int, int]) -> None:
    assert not descriptors_of(np.full(shape, 200, np.uint8)).any()
    found = fingerprint_of(np.full((*shape, 3), 200, np.uint8))
    assert (found.height_px, found.width_px) == shape
    assert len(found.plain.points) == 0


def test_grey_is_told_from_colour_through_compression() -> None:
    image = picture(4)
    assert not is_grey(image)
    assert is_grey(decode_image(encode_jpeg(colourless(image), 50)))


def test_the_view_has_at_most_256_px_a_side_and_never_more_than_the_image() -> None:
    assert view_of(np.zeros((1000, 500, 3), np.uint8)).shape == (256, 128, 3)
    assert view_of(np.zeros((30, 20, 3), np.uint8)).shape == (30, 20, 3)


def test_pixels_have_one_name_in_every_file_and_shape_counts() -> None:
    image = picture(2)
    again = decode_image(encode_jpeg(image, 90))
    assert fingerprint_of(image).pixels_sha256 == fingerprint_of(image.copy()).pixels_sha256
    assert fingerprint_of(image).pixels_sha256 != fingerprint_of(again).pixels_sha256
    flat = np.zeros((10, 20, 3), np.uint8)
    assert (
        fingerprint_of(flat).pixels_sha256 != fingerprint_of(flat.reshape(20, 10, 3)).pixels_sha256
    )
