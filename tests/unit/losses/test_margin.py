"""The margin is an angle, and falls all the way."""

import numpy as np
import pytest

from facenet_res.losses.margin import add_angle, angular_margin, multiplicative_margin
from tests.unit.losses.closed_forms import values

THETA = np.linspace(0, np.pi, 2001)


def margin(theta: np.ndarray, margin_rad: float) -> np.ndarray:
    return values(angular_margin(np.cos(theta).astype("float32"), margin_rad))


def test_adds_the_angle_before_the_tail() -> None:
    theta = THETA[np.pi - 0.5 > THETA]

    np.testing.assert_allclose(margin(theta, 0.5), np.cos(theta + 0.5), atol=1e-3)


@pytest.mark.parametrize("margin_rad", [0.0, 0.1, 0.5, 1.5])
def test_never_rises_with_theta(margin_rad: float) -> None:
    assert (np.diff(margin(THETA, margin_rad)) <= 1e-6).all()


@pytest.mark.parametrize("margin_rad", [-0.1, 1.6])
def test_an_angle_out_of_range_is_refused(margin_rad: float) -> None:
    with pytest.raises(ValueError, match="margin_rad"):
        angular_margin(np.zeros(1, "float32"), margin_rad)


def test_a_negative_margin_stops_at_an_angle_of_zero() -> None:
    got = values(add_angle(np.cos(THETA).astype("float32"), -0.4))

    np.testing.assert_allclose(got, np.cos(np.maximum(THETA - 0.4, 0)), atol=1e-3)
    assert (got[THETA < 0.4] == 1).all()


def test_each_sample_may_have_a_margin_of_its_own() -> None:
    cosine = np.full(3, np.cos(1.0), "float32")

    got = values(add_angle(cosine, np.array([-0.3, 0.0, 0.3], "float32")))

    np.testing.assert_allclose(got, np.cos([0.7, 1.0, 1.3]), atol=1e-6)


@pytest.mark.parametrize("factor", [2.0, 3.0, 4.0])
def test_a_whole_factor_gives_the_polynomial_of_chebyshev_until_the_first_mirror(
    factor: float,
) -> None:
    theta = THETA[np.pi / factor > THETA]

    got = values(multiplicative_margin(np.cos(theta).astype("float32"), factor, 0.0))

    polynomial = np.polynomial.chebyshev.Chebyshev.basis(int(factor))
    np.testing.assert_allclose(got, polynomial(np.cos(theta)), atol=1e-5)


@pytest.mark.parametrize(
    ("factor", "margin_rad"), [(0.9, 0.4), (1.35, 0.0), (4.0, 0.0), (8.0, 1.5)]
)
def test_a_stretched_angle_falls_without_a_jump(factor: float, margin_rad: float) -> None:
    got = values(multiplicative_margin(np.cos(THETA).astype("float32"), factor, margin_rad))

    steps = np.diff(got)
    assert (steps <= 1e-6).all()
    assert (steps >= -factor * np.pi / 2000 - 2e-3 * factor).all()
