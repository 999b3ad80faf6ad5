"""Similarity transforms against their closed form and against a general least-squares solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facenet_res.core.errors import ArrayInvalid
from facenet_res.imaging.geometry import invert, similarity_transform, transform_points

POINTS = np.array([(10.0, 20), (30, 22), (20, 35), (12, 45), (29, 47)])


@given(
    angle_rad=st.floats(-3.1, 3.1),
    scale=st.floats(0.01, 100),
    shift=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
)
def test_finds_a_similarity_exactly(
    angle_rad: float, scale: float, shift: tuple[float, float]
) -> None:
    turn = scale * np.array(
        [[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]]
    )
    wanted = np.column_stack([turn, shift])
    found = similarity_transform(POINTS, transform_points(wanted, POINTS))
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-6)


def test_agrees_with_a_general_solver_on_noisy_points() -> None:
    # Given points that no similarity carries onto each other.
    noisy = POINTS * 1.7 + np.random.default_rng(0).normal(0, 3, POINTS.shape)
    # When solved as the linear system in a, b, tx, ty that it is.
    x, y = POINTS.T
    ones, zeros = np.ones(5), np.zeros(5)
    system = np.vstack(
        [np.column_stack([x, -y, ones, zeros]), np.column_stack([y, x, zeros, ones])]
    )
    a, b, tx, ty = np.linalg.lstsq(system, noisy.T.ravel(), rcond=None)[0]
    # Then it is the same transform.
    np.testing.assert_allclose(
        similarity_transform(POINTS, noisy), [[a, -b, tx], [b, a, ty]], atol=1e-9
    )


def test_never_mirrors() -> None:
    found = similarity_transform(POINTS, POINTS * (-1, 1))
    assert np.linalg.det(found[:, :2]) > 0


def test_invert_undoes() -> None:
    transform = similarity_transform(POINTS, POINTS[::-1])
    there = transform_points(transform, POINTS)
    np.testing.assert_allclose(transform_points(invert(transform), there), POINTS)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((5, 3)), r"\[5, 3\]"),
        (np.zeros((1, 2)), r"\[1, 2\]"),
        (np.zeros((5, 2)), "all 5 source points lie at"),
        (np.full((5, 2), np.nan), "not finite"),
        (POINTS[:3], "source has 3 points, target 5"),
    ],
)
def test_refuses_points_that_determine_nothing(source: np.ndarray, message: str) -> None:
    with pytest.raises(ArrayInvalid, match=message):
        similarity_transform(source, POINTS)


def test_refuses_to_undo_what_flattens() -> None:
    with pytest.raises(ArrayInvalid, match="cannot be undone"):
        invert(np.zeros((2, 3)))
