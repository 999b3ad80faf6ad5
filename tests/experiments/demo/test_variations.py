"""Variations keep the picture's size and content where they say so."""

import numpy as np
import pytest

from experiments.demo.variations import (
    cropped,
    mirrored,
    rotated,
    scaled,
    softened,
    tinted,
    with_gamma,
)
from facenet_res.core.types import Image


@pytest.fixture
def picture() -> Image:
    """A smooth picture of 120x90 px, brighter to the right and to the bottom."""
    across, down = np.meshgrid(np.linspace(20, 200, 120), np.linspace(0, 40, 90))
    return np.repeat((across + down)[:, :, None], 3, axis=2).astype(np.uint8)


def test_twice_mirrored_is_the_picture_itself(picture: Image) -> None:
    np.testing.assert_array_equal(mirrored(mirrored(picture)), picture)
    assert not np.array_equal(mirrored(picture), picture)


def test_gamma_darkens_above_1_and_brightens_below(picture: Image) -> None:
    assert with_gamma(picture, 1.5).mean() < picture.mean() < with_gamma(picture, 0.7).mean()
    np.testing.assert_array_equal(with_gamma(picture, 1.0), picture)


def test_a_tint_moves_red_and_blue_apart_and_never_wraps(picture: Image) -> None:
    warm = tinted(picture, 2.0, 0.5).astype(int)
    assert (warm[..., 0] >= picture[..., 0]).all()
    assert (warm[..., 2] <= picture[..., 2]).all()


def test_turning_back_gives_the_middle_back(picture: Image) -> None:
    back = rotated(rotated(picture, 8), -8).astype(int)
    assert np.abs(back - picture)[30:60, 40:80].max() <= 3


def test_a_quarter_turn_is_clockwise_as_seen() -> None:
    square = np.zeros((9, 9, 3), np.uint8)
    square[0, 4] = 255  # at the top
    assert rotated(square, 90)[4, 8].min() > 200  # at the right


def test_sizes_are_what_was_asked_for(picture: Image) -> None:
    assert scaled(picture, 0.5).shape == (45, 60, 3)
    assert cropped(picture, 0.1).shape == (82, 108, 3)
    assert softened(picture, 2.0).shape == picture.shape
    np.testing.assert_array_equal(cropped(picture, 0.1), picture[4:86, 6:114])
