"""The batch-hard triplet loss against a search through all triplets."""

import itertools
import math

import keras
import numpy as np
import pytest

from facenet_res.losses.triplet import triplet_loss
from tests.unit.losses.closed_forms import Floats, Labels, differences, gradient, values

MARGIN = 0.1


def search(cosine: Floats, labels: Labels) -> Floats:
    """The worst hinge of each anchor over all its triplets; 0 without any."""
    worst = np.zeros(len(labels))
    for a, p, n in itertools.permutations(range(len(labels)), 3):
        if min(labels[[a, p, n]]) >= 0 and labels[a] == labels[p] != labels[n]:
            worst[a] = max(worst[a], cosine[a, n] - cosine[a, p] + MARGIN)
    return worst


def batch() -> tuple[np.ndarray, Labels]:
    vectors = np.random.default_rng(0).normal(size=(12, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 3, -1, -1, 4, 4], np.int32)
    return (vectors @ vectors.T).astype(np.float32), labels


def test_is_the_worst_of_all_triplets() -> None:
    cosine, labels = batch()

    got = values(triplet_loss(cosine, labels, cosine_margin=MARGIN))

    np.testing.assert_allclose(got, search(cosine, labels), atol=1e-6)
    assert (got > 0).any()


def test_the_gradient_is_that_of_the_search() -> None:
    cosine, labels = batch()

    got = gradient(lambda cosine: triplet_loss(cosine, labels, cosine_margin=MARGIN), cosine)

    expected = differences(lambda cosine: search(cosine, labels), cosine)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_is_half_of_facenets_hinge_of_squared_distances() -> None:
    a, p, n = (np.array([math.cos(x), math.sin(x)]) for x in (0.0, 0.7, 0.9))
    vectors = np.stack([a, p, n])

    got = values(triplet_loss((vectors @ vectors.T).astype(np.float32), np.array([0, 0, 1])))

    hinge = ((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 0.2
    np.testing.assert_allclose(got[0], max(hinge, 0) / 2, atol=1e-6)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [-1, -1, -1], [0, 0, -1]])
def test_a_batch_without_a_whole_triplet_costs_nothing(labels: list[int]) -> None:
    cosine = np.full((3, 3), -1.0, np.float32)

    got = values(triplet_loss(cosine, np.array(labels, np.int32), cosine_margin=2.0))

    assert (got == 0).all()


def test_grows_with_the_angle_to_the_farthest_of_its_own() -> None:
    losses = []
    for angle in np.linspace(0, np.pi, 50):
        cosine = np.eye(3)
        cosine[0, 1] = cosine[1, 0] = np.cos(angle)
        losses.append(values(triplet_loss(cosine.astype(np.float32), np.array([0, 0, 1])))[0])

    assert (np.diff(losses) >= 0).all()
    assert losses[-1] > losses[0]


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32"])
def test_equal_and_opposite_vectors_are_finite(precision: str) -> None:
    cosine = np.array([[1, 1, -1, 1], [1, 1, -1, 1], [-1, -1, 1, -1], [1, 1, -1, 1]], np.float32)
    labels = np.array([0, 0, 0, 1], np.int32)

    def loss(cosine: object) -> object:
        return triplet_loss(keras.ops.cast(cosine, precision), labels)

    assert np.isfinite(values(loss(cosine))).all()
    assert np.isfinite(gradient(loss, cosine)).all()


@pytest.mark.parametrize("cosine_margin", [0.0, -0.1, 2.1, math.nan])
def test_a_margin_out_of_range_is_refused(cosine_margin: float) -> None:
    with pytest.raises(ValueError, match="cosine_margin"):
        triplet_loss(
            np.eye(2, dtype=np.float32), np.zeros(2, np.int32), cosine_margin=cosine_margin
        )
