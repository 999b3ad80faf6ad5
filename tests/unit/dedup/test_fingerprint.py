"""Fingerprints: close for copies, far for other pictures."""

import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.dedup.fingerprint import (
    DESCRIPTOR_DIM,
    INNER,
    VIEWS,
    WHOLE,
    descriptors_of,
    grey_of,
    is_grey,
    thumbnail_of,
)
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from tests.unit.dedup.pictures import colourless, cropped, grey, picture, scaled


def similarity(first: Image, second: Image) -> float:
    return float(descriptors_of(grey_of(first))[WHOLE] @ descriptors_of(grey_of(second))[WHOLE])


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_closer_than_other_pictures(seed: int) -> None:
    image = picture(seed)
    assert similarity(image, decode_image(encode_jpeg(image, 60))) > 0.99
    assert similarity(image, scaled(image, 0.5)) > 0.98
    assert similarity(image, colourless(image)) > 0.999
    assert similarity(image, picture(seed + 100)) < 0.6


def test_the_inner_view_of_a_picture_is_its_cropped_copy() -> None:
    image = picture(3)
    inner = descriptors_of(grey(image))[INNER]
    assert float(inner @ descriptors_of(grey(cropped(image, 0.08)))[WHOLE]) > 0.99


def test_descriptors_are_of_unit_length_without_the_mean_grey() -> None:
    found = descriptors_of(grey(picture(0)))
    assert found.shape == (VIEWS, DESCRIPTOR_DIM)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert (found[:, 0] == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (40, 3)])
def test_a_picture_without_structure_is_like_nothing(shape: tuple[int, int]) -> None:
    assert not descriptors_of(np.full(shape, 200, np.uint8)).any()
    assert thumbnail_of(np.full(shape, 200, np.uint8)).shape == (32, 32)


def test_grey_is_told_from_colour_through_compression() -> None:
    image = picture(4)
    assert not is_grey(image)
    assert is_grey(decode_image(encode_jpeg(colourless(image), 50)))
