"""Sub-centres: the nearest counts, the most visited is dominant, the far are dropped."""

import math

import numpy as np
import pytest

from facenet_res.losses.subcenter import count_nearest, is_dropped, nearest_subcentre
from tests.unit.losses.closed_forms import gradient, values


def test_the_nearest_of_the_centres_counts() -> None:
    cosine = np.random.default_rng(0).uniform(-1, 1, (4, 5, 3)).astype(np.float32)

    np.testing.assert_array_equal(values(nearest_subcentre(cosine)), cosine.max(axis=2))


def test_the_gradient_reaches_the_nearest_centre_only() -> None:
    cosine = np.random.default_rng(0).uniform(-1, 1, (4, 5, 3)).astype(np.float32)

    slopes = gradient(nearest_subcentre, cosine)

    np.testing.assert_array_equal(slopes, cosine == cosine.max(axis=2, keepdims=True))


def test_counts_the_samples_round_each_centre_and_leaves_out_those_without_a_class() -> None:
    own = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.5], [0.1, 0.9]], np.float16)
    labels = np.array([0, 0, 0, 2, -1], np.int32)

    got = values(count_nearest(own, labels, classes=3))

    assert got.tolist() == [[2, 1], [0, 0], [1, 0]]
    assert got.dtype == np.int32


def test_counts_of_batches_add_up() -> None:
    rng = np.random.default_rng(1)
    own, labels = rng.uniform(-1, 1, (40, 3)).astype(np.float32), rng.integers(-1, 4, 40)

    parts = [
        values(count_nearest(own[i : i + 10], labels[i : i + 10], 4)) for i in range(0, 40, 10)
    ]

    np.testing.assert_array_equal(sum(parts), values(count_nearest(own, labels, 4)))


@pytest.mark.parametrize(("angle_deg", "expected"), [(10, False), (74.9, False), (75.1, True)])
def test_beyond_the_angle_to_the_dominant_centre_a_sample_is_dropped(
    angle_deg: float, expected: bool
) -> None:
    # The other centre is near, and does not help.
    own = np.array([[1.0, math.cos(math.radians(angle_deg))]], np.float32)

    got = is_dropped(own, np.zeros(1, np.int32), dominant=np.array([1], np.int32))

    assert values(got).tolist() == [expected]


def test_each_class_has_its_own_dominant_centre() -> None:
    own = np.array([[0.9, 0.0], [0.9, 0.0], [0.0, 0.9]], np.float32)

    got = is_dropped(own, np.array([0, 1, 1]), dominant=np.array([0, 1], np.int32))

    assert values(got).tolist() == [False, True, False]


def test_who_claims_no_class_is_not_dropped_from_it() -> None:
    own = np.full((1, 2), -1.0, np.float32)

    got = is_dropped(own, np.array([-1], np.int32), dominant=np.array([0], np.int32))

    assert values(got).tolist() == [False]


@pytest.mark.parametrize("angle_deg_max", [0.0, -5.0, 181.0, math.nan])
def test_an_angle_out_of_range_is_refused(angle_deg_max: float) -> None:
    own, zeros = np.zeros((1, 2), np.float32), np.zeros(1, np.int32)
    with pytest.raises(ValueError, match="angle_deg_max"):
        is_dropped(own, zeros, zeros, angle_deg_max=angle_deg_max)
