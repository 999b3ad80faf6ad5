"""Where the three margins of the family can be seen one by one."""

import math

import numpy as np
import pytest

from facenet_res.losses.combined import combined_loss
from tests.unit.losses.closed_forms import values

LABELS = np.zeros(1, np.int32)


def target_of(cosine: float, **margins: float) -> float:
    """The true class's cosine after the margin, read from a loss without competition."""
    row = np.array([[cosine, 1.0]], np.float32)
    loss = values(combined_loss(row, LABELS, scale=1000.0, **margins))[0]
    return 1.0 - float(loss) / 1000.0


def test_stretches_then_adds_then_takes_off() -> None:
    got = target_of(math.cos(0.7), angle_factor=1.5, margin_rad=0.2, cosine_margin=0.25)

    assert got == pytest.approx(math.cos(1.5 * 0.7 + 0.2) - 0.25, abs=1e-5)


def test_a_factor_next_to_one_is_next_to_arcface_before_the_tail() -> None:
    plain = target_of(0.2, angle_factor=1.0, margin_rad=0.5, cosine_margin=0.0)
    stretched = target_of(0.2, angle_factor=1.000001, margin_rad=0.5, cosine_margin=0.0)

    assert stretched == pytest.approx(plain, abs=1e-5)


def test_without_margins_it_is_plain_softmax() -> None:
    row = np.array([[0.5, 0.25, 0.0]], np.float32)

    got = values(combined_loss(row, LABELS, margin_rad=0.0, cosine_margin=0.0, scale=4.0))

    expected = math.log(math.exp(2) + math.exp(1) + 1) - 2
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("angle_factor", [0.0, -1.0, 8.5, math.nan])
def test_a_factor_out_of_range_is_refused(angle_factor: float) -> None:
    with pytest.raises(ValueError, match="angle_factor"):
        combined_loss(np.zeros((1, 2), np.float32), LABELS, angle_factor=angle_factor)


@pytest.mark.parametrize("angle_factor", [1.0, 4.0])
def test_an_angle_out_of_range_is_refused_with_any_factor(angle_factor: float) -> None:
    with pytest.raises(ValueError, match="margin_rad"):
        combined_loss(
            np.zeros((1, 2), np.float32), LABELS, angle_factor=angle_factor, margin_rad=1.6
        )
