"""Each matrix of the table does what OpenCV does."""

import cv2
import numpy as np
import pytest

from facenet_res.data.separable import (
    KERNEL_PX,
    SIDES_PX,
    SIGMAS_PX,
    cosine_blocks,
    filter_table,
)

TABLE = filter_table()
FACE = np.random.default_rng(7).uniform(0, 255, (112, 112)).astype(np.float32)


def filtered(number: int) -> np.ndarray:
    matrix = TABLE.matrices[number]
    return matrix @ FACE @ matrix.T


def test_number_0_changes_nothing_and_no_filter_changes_the_mean_of_a_plain_area() -> None:
    np.testing.assert_array_equal(filtered(0), FACE)
    np.testing.assert_allclose(TABLE.matrices.sum(axis=2), 1.0, atol=1e-5)


@pytest.mark.parametrize("place", [0, 7, 15])
def test_a_blur_is_opencv_s(place: int) -> None:
    sigma = SIGMAS_PX[place]

    expected = cv2.GaussianBlur(FACE, (KERNEL_PX, KERNEL_PX), sigma, sigmaY=sigma)

    np.testing.assert_allclose(filtered(TABLE.blurs[place]), expected, atol=0.02)


@pytest.mark.parametrize("place", [0, 10, 28])
def test_a_low_resolution_is_opencv_s(place: int) -> None:
    side = (SIDES_PX[place], SIDES_PX[place])

    small = cv2.resize(FACE, side, interpolation=cv2.INTER_AREA)
    expected = cv2.resize(small, (112, 112), interpolation=cv2.INTER_LINEAR)

    np.testing.assert_allclose(filtered(TABLE.low_resolutions[place]), expected, atol=0.05)


def test_the_cosines_are_those_of_opencv_and_orthonormal() -> None:
    cosines = cosine_blocks()

    waves = cosines @ FACE @ cosines.T

    np.testing.assert_allclose(waves[8:16, 16:24], cv2.dct(FACE[8:16, 16:24]), atol=1e-2)
    np.testing.assert_allclose(cosines @ cosines.T, np.eye(112), atol=1e-6)
