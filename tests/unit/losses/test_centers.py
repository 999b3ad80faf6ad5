"""Cosines to class centres do not depend on lengths, and survive vectors of none."""

import keras
import numpy as np
import pytest

from facenet_res.losses.centers import (
    class_cosine,
    own_subcentre_cosine,
    row_norms,
    subcentre_cosine,
    unit_rows,
)
from tests.unit.losses.closed_forms import gradient, values

RNG = np.random.default_rng(0)
EMBEDDINGS = RNG.normal(size=(5, 8)).astype(np.float32)
SUBCENTRES = RNG.normal(size=(4, 3, 8)).astype(np.float32)
CENTRES = SUBCENTRES[:, 0]


def cosine_of(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_is_the_cosine_of_each_to_each() -> None:
    got = values(class_cosine(EMBEDDINGS, CENTRES))

    expected = [[cosine_of(embedding, centre) for centre in CENTRES] for embedding in EMBEDDINGS]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_lengths_do_not_count() -> None:
    got = values(class_cosine(7 * EMBEDDINGS, 0.01 * CENTRES))

    np.testing.assert_allclose(got, values(class_cosine(EMBEDDINGS, CENTRES)), atol=1e-6)


def test_each_subcentre_has_its_place() -> None:
    got = values(subcentre_cosine(EMBEDDINGS, SUBCENTRES))

    assert got.shape == (5, 4, 3)
    for place in np.ndindex(got.shape):
        sample, label, k = place
        expected = cosine_of(EMBEDDINGS[sample], SUBCENTRES[label, k])
        assert got[place] == pytest.approx(expected, abs=1e-6)


def test_the_own_subcentres_are_those_of_the_label() -> None:
    labels = np.array([3, 0, 1, 1, -1], np.int32)

    got = values(own_subcentre_cosine(EMBEDDINGS, SUBCENTRES, labels))

    everything = values(subcentre_cosine(EMBEDDINGS, SUBCENTRES))
    np.testing.assert_allclose(got, everything[np.arange(5), [3, 0, 1, 1, 0]], atol=1e-6)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_a_length_whose_square_overflows_half_precision_is_no_matter(precision: str) -> None:
    long = keras.ops.cast(np.full((1, 512), 40.0, np.float32), precision)

    assert values(row_norms(long))[0] == pytest.approx(40 * 512**0.5, rel=1e-6)
    assert values(class_cosine(long, long))[0, 0] == pytest.approx(1, abs=1e-5)


def test_a_vector_of_zeros_has_a_finite_gradient() -> None:
    zeros = np.zeros((1, 4), np.float32)

    assert (values(unit_rows(zeros)) == 0).all()
    assert np.isfinite(gradient(unit_rows, zeros)).all()
    assert np.isfinite(gradient(row_norms, zeros)).all()
