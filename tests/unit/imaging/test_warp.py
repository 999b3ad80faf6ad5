"""Resampling keeps positions, also where it shrinks by much."""

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid
from facenet_res.imaging.warp import resize, warp_affine


def gradient(height_px: int, width_px: int) -> np.ndarray:
    """A picture whose red tells x and whose green tells y, as shares of the sides."""
    image = np.zeros((height_px, width_px, 3), np.uint8)
    image[:, :, 0] = np.linspace(0, 255, width_px)
    image[:, :, 1] = np.linspace(0, 255, height_px)[:, None]
    return image


def test_a_whole_shift_moves_pixels_unchanged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    moved = warp_affine(image, np.array([[1.0, 0, 3], [0, 1, 2]]), 30, 20)
    np.testing.assert_array_equal(moved[2:, 3:], image[:-2, :-3])
    assert (moved[:2] == 0).all()


def test_fills_what_lies_outside() -> None:
    moved = warp_affine(gradient(9, 9), np.array([[1.0, 0, 100], [0, 1, 100]]), 9, 9, fill=128)
    assert (moved == 128).all()


@pytest.mark.parametrize("scale", [1.5, 0.9, 0.4, 0.11])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (-17.3, -9.1)])
def test_keeps_positions_at_any_scale(scale: float, shift: tuple[float, float]) -> None:
    # Given a picture whose colour tells the place.
    image = gradient(400, 500)
    # When it is scaled and shifted.
    warped = warp_affine(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), 40, 30)
    # Then each pixel inside shows the place it came from, to a level or so.
    for x, y in [(2, 2), (30, 20), (15, 8)]:
        source_x, source_y = (x - shift[0]) / scale, (y - shift[1]) / scale
        if source_x < 498 and source_y < 398:
            wanted = (source_x / 499 * 255, source_y / 399 * 255)
            np.testing.assert_allclose(warped[y, x, :2], wanted, atol=1.6)


def test_averages_where_it_shrinks() -> None:
    # Given a fine chequerboard, which picking pixels would turn into black or white.
    board = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    warped = warp_affine(np.dstack([board] * 3), np.array([[0.1, 0, 0], [0, 0.1, 0]]), 51, 51)
    inner = warped[2:-2, 2:-2].astype(int)
    assert np.abs(inner - 127).max() <= 8


def test_shrinks_a_part_that_lies_outside_altogether() -> None:
    far = np.array([[0.1, 0, 1000], [0, 0.1, 1000]])
    assert warp_affine(gradient(300, 300), far, 10, 10).shape == (10, 10, 3)


def test_refuses_a_transform_that_flattens() -> None:
    with pytest.raises(ArrayInvalid, match="cannot be undone"):
        warp_affine(gradient(9, 9), np.zeros((2, 3)), 9, 9)


@pytest.mark.parametrize(("width_px", "height_px"), [(7, 5), (100, 3), (200, 90)])
def test_resize_keeps_the_gradient(width_px: int, height_px: int) -> None:
    resized = resize(gradient(50, 60), width_px, height_px)
    assert resized.shape == (height_px, width_px, 3)
    assert (np.diff(resized[0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize(("width_px", "height_px"), [(0, 5), (5, 0), (-1, 5)])
def test_resize_refuses_sides_below_one(width_px: int, height_px: int) -> None:
    with pytest.raises(ArgumentInvalid, match=f"got {width_px}x{height_px}"):
        resize(gradient(5, 5), width_px, height_px)
