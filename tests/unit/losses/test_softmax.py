"""The shared cross-entropy keeps small losses and leaves absent labels out."""

import math

import numpy as np

from facenet_res.losses.softmax import as_cosine, softmax_loss, true_cosine
from tests.unit.losses.closed_forms import values

COSINE = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)


def test_reads_the_cosine_of_the_own_class() -> None:
    got = values(true_cosine(COSINE, np.array([2, -1], np.int32)))

    np.testing.assert_array_equal(got, np.array([0.3, 0], np.float32))


def test_labels_of_any_width_name_the_same_class() -> None:
    got = values(true_cosine(COSINE, np.array([2, 0], np.int64)))

    np.testing.assert_array_equal(got, np.array([0.3, 0.4], np.float32))


def test_brings_what_rounding_put_outside_back() -> None:
    got = values(as_cosine(np.array([-1.001, 0.5, 1.001], np.float16)))

    np.testing.assert_array_equal(got, [-1, 0.5, 1])
    assert got.dtype == np.float32


def test_the_target_stands_in_place_of_the_true_cosine() -> None:
    labels = np.array([0, 0], np.int32)

    got = values(softmax_loss(COSINE, labels, np.array([0.2, 0.5], np.float32), 1.0))

    expected = [
        -0.2 + math.log(math.exp(0.2) + math.exp(0.2) + math.exp(0.3)),
        -0.5 + math.log(math.exp(0.5) + math.exp(0.5) + math.exp(0.6)),
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_a_loss_far_below_the_logits_is_not_rounded_away() -> None:
    cosine = np.array([[1.0, 0.8]], np.float32)

    got = values(softmax_loss(cosine, np.zeros(1, np.int32), np.ones(1, np.float32), 64.0))

    # 64 + log(1 + e^-12.8) - 64 would be 0 or 3.8e-6 in float32.
    np.testing.assert_allclose(got, math.log1p(math.exp(-12.8)), rtol=0.03)
