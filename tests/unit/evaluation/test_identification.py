"""Rank, CMC and the open set, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.evaluation.identification import (
    UNKNOWN,
    cumulative_match,
    person_similarities,
    ranks,
    tpir_at_fpir,
)


def test_a_person_is_as_close_as_their_closest_face() -> None:
    random = np.random.default_rng(0)
    gallery = unit_norm(random.normal(size=(7, 5)))
    queries = unit_norm(random.normal(size=(3, 5)))
    people = np.array([2, 0, 1, 1, 0, 2, 2])

    got = person_similarities(queries, gallery, people)

    table = queries @ gallery.T
    expected = np.stack([table[:, people == p].max(axis=1) for p in range(3)], axis=1)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_person_without_a_face_is_refused() -> None:
    rows = unit_norm(np.ones((2, 3)))
    with pytest.raises(DataInvalid, match="at least one face"):
        person_similarities(rows, rows, [0, 2])
    with pytest.raises(ArrayInvalid):
        person_similarities(rows, rows, [0])


def test_cmc_agrees_with_scikit_learn_without_ties() -> None:
    random = np.random.default_rng(1)
    similarities = random.normal(size=(200, 12))
    people = random.integers(0, 12, 200)

    curve = cumulative_match(ranks(similarities, people), 12)

    expected = [
        top_k_accuracy_score(people, similarities, k=k, labels=np.arange(12)) for k in range(1, 12)
    ]
    np.testing.assert_allclose(curve[:-1], expected)
    assert curve[-1] == 1.0


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=20))
def test_a_tie_is_no_success(table: list[list[int]]) -> None:
    similarities = np.array(table, float)
    people = np.zeros(len(table), int)

    got = ranks(similarities, people)

    expected = [1 + sum(other >= row[0] for other in row[1:]) for row in table]
    assert got.tolist() == expected


def test_strangers_have_no_rank() -> None:
    similarities = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    assert ranks(similarities, [1, UNKNOWN, 1]).tolist() == [2, 1]


def test_the_open_set_threshold_names_no_more_strangers_than_asked() -> None:
    # Given non-enrolled people at 0.5, 0.4, 0.3, 0.2 and three mated queries, one of them mistaken.
    similarities = np.array(
        [[0.9, 0.1], [0.1, 0.45], [0.8, 0.7], [0.5, 0.0], [0.4, 0.0], [0.3, 0.0], [0.2, 0.0]]
    )
    people = [0, 1, 1, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]

    none = tpir_at_fpir(similarities, people, 0.0)
    quarter = tpir_at_fpir(similarities, people, 0.25)
    everyone = tpir_at_fpir(similarities, people, 1.0)

    assert (none.false_positive_rate, none.true_positive_rate) == (0.0, pytest.approx(1 / 3))
    assert 0.4 < quarter.threshold <= 0.45
    assert (quarter.false_positive_rate, quarter.true_positive_rate) == (
        0.25,
        pytest.approx(2 / 3),
    )
    assert (everyone.false_positive_rate, everyone.true_positive_rate) == (
        1.0,
        pytest.approx(2 / 3),
    )


def test_an_open_set_needs_both_kinds_of_queries() -> None:
    with pytest.raises(DataInvalid, match="mated and unmated"):
        tpir_at_fpir(np.ones((2, 2)), [0, 1], 0.1)
    with pytest.raises(ArgumentInvalid):
        tpir_at_fpir(np.ones((2, 2)), [0, UNKNOWN], 1.5)


@pytest.mark.parametrize("people", [[0, 2], [-2, 0], [0]])
def test_people_outside_the_gallery_are_refused(people: list[int]) -> None:
    with pytest.raises(ArrayInvalid):
        ranks(np.ones((2, 2)), people)


def test_a_curve_needs_queries_and_ranks() -> None:
    with pytest.raises(DataInvalid):
        cumulative_match(np.array([], np.int64), 5)
    with pytest.raises(ArgumentInvalid):
        cumulative_match(np.array([1]), 0)
