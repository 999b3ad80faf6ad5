"""ArcFace is the combined margin with an angle alone; the contract suite does the rest."""

import math

import numpy as np
import pytest

from facenet_res.losses.arcface import arcface_loss
from facenet_res.losses.combined import combined_loss
from tests.unit.losses.closed_forms import combined, values


@pytest.mark.parametrize(("margin", "scale"), [(0.5, 64.0), (0.3, 32.0), (0.0, 16.0)])
def test_equals_the_closed_form_at_any_margin_and_scale(margin: float, scale: float) -> None:
    rng = np.random.default_rng(0)
    cosine = rng.uniform(-0.9, 0.9, (16, 10)).astype(np.float32)
    labels = rng.integers(0, 10, 16).astype(np.int32)

    got = values(arcface_loss(cosine, labels, margin_rad=margin, scale=scale))

    expected = combined(cosine.astype(np.float64), labels, (1.0, margin, 0.0), scale)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_is_the_combined_margin_with_an_angle_alone() -> None:
    cosine = np.array([[0.4, 0.1, -0.7], [-0.95, 0.9, 0.2]], np.float32)
    labels = np.zeros(2, np.int32)

    got = arcface_loss(cosine, labels)

    expected = combined_loss(cosine, labels, margin_rad=0.5, cosine_margin=0.0)
    np.testing.assert_array_equal(values(got), values(expected))


def test_two_equal_centres_cost_the_margin_times_the_scale() -> None:
    cosine = np.zeros((1, 2), np.float32)

    got = values(arcface_loss(cosine, np.zeros(1, np.int32)))

    # Both at a right angle: the lead is sin(0.5), and of e^-30.7 nothing is left.
    np.testing.assert_allclose(got, 64 * math.sin(0.5), rtol=1e-6)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale must be positive and finite"):
        arcface_loss(np.zeros((1, 2), np.float32), np.zeros(1, np.int32), scale=scale)
