"""What every index must do, checked against the products computed here."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings
from facenet_res.gallery.exact_index import ExactIndex
from facenet_res.gallery.faiss_index import FaissIndex
from facenet_res.gallery.index import NO_ROW, Index

DIM = 8
MakeIndex = Callable[[int], Index]


@pytest.fixture(params=[ExactIndex, FaissIndex], ids=lambda kind: kind.__name__)
def make_index(request: pytest.FixtureRequest) -> MakeIndex:
    kind: MakeIndex = request.param
    return kind


def directions(count: int, seed: int = 0) -> Embeddings:
    return unit_norm(np.random.default_rng(seed).normal(size=(count, DIM)))


def test_an_empty_index_answers_that_there_is_nothing(make_index: MakeIndex) -> None:
    index = make_index(DIM)
    hits = index.search(directions(2), 3)
    assert index.size == 0
    assert hits.rows.tolist() == [[NO_ROW] * 3] * 2
    assert hits.similarities.shape == (2, 3)


def test_finds_the_closest_in_order_with_their_cosines(make_index: MakeIndex) -> None:
    known, queries = directions(200), directions(30, seed=1)
    rows = np.arange(200, dtype=np.int64) * 7 + 1_000_000_000_000
    index = make_index(DIM)
    index.add(rows, known)

    hits = index.search(queries, 5)

    cosines = queries.astype(np.float64) @ known.T.astype(np.float64)
    expected = np.argsort(-cosines, axis=1)[:, :5]
    np.testing.assert_array_equal(hits.rows, rows[expected])
    np.testing.assert_allclose(
        hits.similarities, np.take_along_axis(cosines, expected, axis=1), atol=1e-5
    )
    assert hits.rows.dtype == np.int64
    assert hits.similarities.dtype == np.float32


def test_places_beyond_the_size_are_left_empty(make_index: MakeIndex) -> None:
    index = make_index(DIM)
    index.add(np.array([3, 5], np.int64), directions(2))
    hits = index.search(directions(1), 4)
    assert hits.rows.tolist() == [[3, 5, NO_ROW, NO_ROW]]


def test_remove_says_how_many_were_there_and_they_are_found_no_more(make_index: MakeIndex) -> None:
    index = make_index(DIM)
    index.add(np.arange(10, dtype=np.int64), directions(10))

    assert index.remove(np.array([2, 4, 99], np.int64)) == 2
    assert index.remove(np.array([2], np.int64)) == 0
    assert index.remove(np.empty(0, np.int64)) == 0

    assert index.size == 8
    assert index.search(directions(10), 10).rows.max() == 9
    assert not np.isin(index.search(directions(10), 10).rows, [2, 4]).any()


@given(
    steps=st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 30), max_size=6)), max_size=12)
)
@settings(max_examples=30, deadline=None)
def test_after_any_changes_it_holds_what_was_added_and_not_removed(
    steps: list[tuple[bool, set[int]]],
) -> None:
    vectors = directions(31)
    indexes = [ExactIndex(DIM), FaissIndex(DIM)]
    held: set[int] = set()
    for is_adding, numbers in steps:
        chosen = np.array(sorted(numbers - held if is_adding else numbers), np.int64)
        for index in indexes:
            if is_adding:
                index.add(chosen, vectors[chosen])
            else:
                assert index.remove(chosen) == len(held & numbers)
        held = held | numbers if is_adding else held - numbers
    for index in indexes:
        rows = index.search(vectors[:1], 40).rows[0]
        assert index.size == len(held)
        assert set(rows[rows != NO_ROW].tolist()) == held


def test_a_search_sees_all_of_a_change_or_nothing_of_it(make_index: MakeIndex) -> None:
    known = directions(50)
    index = make_index(DIM)
    pair = np.array([1000, 1001], np.int64)
    index.add(np.arange(50, dtype=np.int64), known)

    def change() -> None:
        for _ in range(100):
            index.add(pair, known[:2])
            index.remove(pair)

    def search() -> set[int]:
        seen = set()
        for _ in range(100):
            rows = index.search(known[:1], 60).rows[0]
            seen.add(int(np.isin(rows, pair).sum()))
        return seen

    with ThreadPoolExecutor(3) as threads:
        changing = threads.submit(change)
        searching = [threads.submit(search) for _ in range(2)]
        changing.result(30)
        assert all(one.result(30) <= {0, 2} for one in searching)
