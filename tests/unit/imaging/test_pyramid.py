"""Reduced copies and patches show the right place, from whichever copy they are taken."""

import numpy as np
import pytest

from facenet_res.imaging.pyramid import GREY, ImagePyramid
from facenet_res.imaging.warp import warp_affine


def gradient(height_px: int, width_px: int) -> np.ndarray:
    image = np.zeros((height_px, width_px, 3), np.uint8)
    image[:, :, 0] = np.linspace(0, 255, width_px)
    image[:, :, 1] = np.linspace(0, 255, height_px)[:, None]
    return image


@pytest.mark.parametrize("side_px", [20.0, 47.0, 100.0, 399.0])
@pytest.mark.parametrize("corner", [(0.0, 0.0), (33.3, 12.7)])
def test_corners_of_a_square_fall_on_corners_of_the_patch(
    side_px: float, corner: tuple[float, float]
) -> None:
    # Given a picture whose colour tells the place, and a square in it.
    pyramid = ImagePyramid(gradient(451, 533))
    x, y = corner
    square = np.array([[x, y, x + side_px, y + side_px]])
    # When the square is brought to 24 px.
    patch = pyramid.patches(square, 24)[0].astype(float)
    # Then its middle and its inner corners show where they were, to two levels of 255.
    for share in (1 / 23, 0.5, 22 / 23):
        wanted = ((x + share * side_px) / 532 * 255, (y + share * side_px) / 450 * 255)
        low, high = int(np.floor(share * 23 + 1e-9)), int(np.ceil(share * 23 - 1e-9))
        found = (patch[low, low] + patch[high, high]) / 2
        np.testing.assert_allclose(found[:2], wanted, atol=2)


def test_a_square_beyond_the_picture_is_grey() -> None:
    patches = ImagePyramid(gradient(50, 50)).patches(np.array([[-90.0, -90, -60, -60]]), 24)
    assert (patches == GREY).all()


def test_no_squares_give_no_patches() -> None:
    assert ImagePyramid(gradient(50, 50)).patches(np.empty((0, 4)), 24).shape == (0, 24, 24, 3)


@pytest.mark.parametrize("scale", [1.0, 0.6, 0.2, 0.01])
def test_a_reduced_copy_is_written_where_it_belongs(scale: float) -> None:
    # Given a canvas with room for the copy in its middle.
    height_px, width_px = max(1, round(300 * scale)), max(1, round(401 * scale))
    canvas = np.full((height_px + 12, width_px + 12, 3), GREY, np.uint8)
    # When the copy is written there.
    ImagePyramid(gradient(300, 401)).reduce_into(canvas[6:-6, 6:-6])
    # Then it shows the picture, and nothing around it has changed.
    assert (canvas[:6] == GREY).all()
    assert (canvas[:, -6:] == GREY).all()
    inner = canvas[6:-6, 6:-6].astype(int)
    assert (np.diff(inner[0, :, 0]) >= 0).all()
    np.testing.assert_allclose(inner[:, :, 0].mean(), 127, atol=4)


def test_a_patch_is_what_a_warp_of_its_square_gives() -> None:
    # Given a picture of noise and a square that takes no halving.
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)
    square = np.array([[10.0, 20.0, 33.0, 43.0]])
    # Then 24 corners, one pixel apart, are the pixels themselves.
    patch = ImagePyramid(image).patches(square, 24)[0]
    np.testing.assert_array_equal(patch, image[20:44, 10:34])


@pytest.mark.parametrize("side_px", [20.0, 35.5, 46.0, 47.5])
def test_patches_are_those_of_the_warp(side_px: float) -> None:
    # Given squares that take no halving; from 46 px on, a little more than half is left to do.
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)
    square = np.array([[12.3, 20.7, 12.3 + side_px, 20.7 + side_px]])
    scale = 23 / side_px
    transform = np.array([[scale, 0, -12.3 * scale], [0, scale, -20.7 * scale]])
    wanted = warp_affine(image, transform, 24, 24, fill=GREY)
    np.testing.assert_array_equal(ImagePyramid(image).patches(square, 24)[0], wanted)
