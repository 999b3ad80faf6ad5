"""The search for candidates: copies are found however they lie, at a bounded cost."""

import numpy as np
import pytest

from facenet_res.dedup.candidates import PER_PHOTO_MAX, find_candidates, open_index
from facenet_res.dedup.fingerprint import descriptors_of
from facenet_res.dedup.turns import TURNS, turned
from tests.unit.dedup.pictures import cropped, grey, picture

ORIGINALS = [grey(picture(seed)) for seed in range(12)]


def described(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack([descriptors_of(image) for image in pictures])


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_turned_copy_is_a_candidate_with_the_turn_that_undoes_it(turn: int) -> None:
    # given the copy first in one list and last in the other
    copy = turned(ORIGINALS[3], turn)
    last = find_candidates(described([*ORIGINALS, copy]))
    first = find_candidates(described([copy, *ORIGINALS]))
    # when the second of the pair is turned as told, then it lies like the first
    (there,) = [item for item in last if (item.first, item.second) == (3, 12)]
    np.testing.assert_array_equal(turned(copy, there.turns[0]), ORIGINALS[3])
    (here,) = [item for item in first if (item.first, item.second) == (0, 4)]
    np.testing.assert_array_equal(turned(ORIGINALS[3], here.turns[0]), copy)


@pytest.mark.parametrize("share", [0.03, 0.05, 0.08, 0.1])
def test_a_cropped_copy_is_a_candidate(share: float) -> None:
    copy = grey(cropped(picture(7), share))
    found = {(item.first, item.second) for item in find_candidates(described([*ORIGINALS, copy]))}
    assert (7, 12) in found


def test_different_pictures_are_mostly_no_candidates() -> None:
    assert len(find_candidates(described(ORIGINALS))) <= 3


def test_pictures_without_structure_have_no_candidates() -> None:
    flat = np.full((50, 50), 128, np.uint8)
    assert find_candidates(described([flat, flat, flat])) == []
    assert find_candidates(np.zeros((0, 2, 64), np.float32)) == []


def test_a_crowd_of_equals_costs_a_bounded_number_of_pairs() -> None:
    crowd = described([ORIGINALS[0]] * 100)
    assert len(find_candidates(crowd)) <= 100 * PER_PHOTO_MAX


def test_inverted_lists_find_the_same_copies_as_the_exact_search() -> None:
    # given enough descriptors to train lists, and twenty that were slightly changed
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1000, 2, 64)).astype(np.float32)
    rows[980:, 0] = rows[:20, 0] + 0.1 * rng.normal(size=(20, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    # when they are searched both ways
    exact = find_candidates(rows)
    listed = find_candidates(rows, exact_max=100)
    # then
    pairs = {(item.first, item.second) for item in listed}
    assert pairs >= {(n, 980 + n) for n in range(20)}
    assert pairs <= {(item.first, item.second) for item in exact}


def test_a_small_index_is_exact() -> None:
    index = open_index(np.eye(3, dtype=np.float32))
    similarities, rows = index.search(np.eye(3, dtype=np.float32), 1)
    np.testing.assert_array_equal(rows.ravel(), [0, 1, 2])
    np.testing.assert_allclose(similarities, 1.0)
