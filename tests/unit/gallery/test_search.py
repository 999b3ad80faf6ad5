"""Exact search: checked against products computed here, whoever has how many faces."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings
from facenet_res.gallery import search
from facenet_res.gallery.search import Searcher
from facenet_res.gallery.table import NO_ROW, View

DIM = 8


def directions(count: int, seed: int = 0) -> Embeddings:
    return unit_norm(np.random.default_rng(seed).normal(size=(count, DIM)))


def view_of(people: list[int]) -> View:
    """A view in which -1 stands for a free slot."""
    rows = np.array(people, np.int64)
    faces = np.where(rows < 0, NO_ROW, np.arange(len(rows)))
    return View(faces, rows, bool((rows < 0).any()))


@given(
    people=st.lists(st.integers(-1, 5), max_size=80),
    people_max=st.integers(1, 8),
    allowed=st.none() | st.sets(st.integers(0, 5)),
)
@settings(max_examples=60, deadline=None)
def test_finds_the_best_face_of_each_of_the_closest_people(
    people: list[int], people_max: int, allowed: set[int] | None
) -> None:
    vectors, queries = directions(len(people) + 3), directions(2, seed=1)
    searcher = Searcher(lambda: (view_of(people), vectors))

    scores = searcher.scores(queries)

    for number, query in enumerate(queries):
        best: dict[int, float] = {}
        for person, vector in zip(people, vectors, strict=False):
            if person >= 0 and (allowed is None or person in allowed):
                best[person] = max(best.get(person, -2.0), float(query @ vector))
        wanted = sorted(best.values(), reverse=True)[:people_max]
        rows = None if allowed is None else np.array(sorted(allowed), np.int64)
        slots = scores.best_people(number, people_max, rows)
        assert [float(query @ vectors[slot]) for slot in slots] == pytest.approx(wanted, abs=1e-5)
        assert len({people[slot] for slot in slots}) == len(slots)


def test_a_person_with_a_thousand_faces_hides_nobody() -> None:
    near = unit_norm(np.eye(DIM)[:1] + directions(1000) * 0.01)
    vectors = np.concatenate([near, directions(50, seed=2)])
    people = [0] * 1000 + list(range(1, 51))
    scores = Searcher(lambda: (view_of(people), vectors)).scores(near[:1])

    slots = scores.best_people(0, 5)

    order = np.argsort(-(vectors[1000:] @ near[0]))[:4] + 1000
    assert slots[1:].tolist() == order.tolist()
    assert slots[0] < 1000


def test_searches_that_wait_share_a_pass() -> None:
    vectors = directions(100)
    begun, go_on, passes = threading.Event(), threading.Event(), []

    def source() -> tuple[View, Embeddings]:
        passes.append(1)
        begun.set()
        go_on.wait(30)
        return view_of(list(range(100))), vectors

    searcher = Searcher(source)
    queries = directions(20, seed=3)
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(searcher.scores, queries[:1])
        assert begun.wait(30)
        others = [threads.submit(searcher.scores, queries[n : n + 1]) for n in range(1, 20)]
        while len(searcher._waiting) < 19:
            pass
        go_on.set()
        found = [one.result(30) for one in (first, *others)]

    # The company of the first pass was chosen after it was let go.
    assert len(passes) <= 2
    for query, one in zip(queries, found, strict=True):
        np.testing.assert_allclose(one.cosines[0], vectors @ query, atol=1e-5)


def test_a_pass_holds_a_limited_number_of_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SCORES_MAX", 250)
    vectors, queries = directions(100), directions(12, seed=4)
    searcher = Searcher(lambda: (view_of(list(range(100))), vectors))
    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(lambda n: searcher.scores(queries[n : n + 1]), range(12)))
    for query, one in zip(queries, found, strict=True):
        np.testing.assert_allclose(one.cosines[0], vectors @ query, atol=1e-5)


def test_a_failed_pass_fails_its_searches_and_no_later_one() -> None:
    vectors, faults = directions(10), [OSError("gone")]

    def source() -> tuple[View, Embeddings]:
        if faults:
            raise faults.pop()
        return view_of(list(range(10))), vectors

    searcher = Searcher(source)
    with pytest.raises(OSError, match="gone"):
        searcher.scores(vectors[:1])
    assert searcher.scores(vectors[:1]).best_people(0, 1).tolist() == [0]
