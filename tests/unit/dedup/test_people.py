"""Clustering of faces: promises kept for any faces."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.dedup.people import Rules, attached, group_faces, near_pairs, similarities


def faces(seed: int, people: int, each: int, spread: float) -> NDArray[np.float16]:
    """Rows person by person."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 32))
    rows = np.repeat(centres, each, axis=0) + spread * rng.normal(size=(people * each, 32))
    return unit_norm(rows).astype(np.float16)


def grouped(
    embeddings: NDArray[np.float16], photos: list[int], similarity_min: float
) -> list[list[int]]:
    pairs = near_pairs(embeddings, similarity_min)
    return group_faces(embeddings, pairs, similarity_min, Rules(photos))


def test_people_far_apart_are_found_exactly() -> None:
    found = grouped(faces(0, people=6, each=5, spread=0.2), list(range(30)), 0.7)
    assert found == [list(range(5 * n, 5 * n + 5)) for n in range(6)]


def test_inverted_lists_find_the_same_people() -> None:
    embeddings = faces(0, people=200, each=3, spread=0.2)
    pairs = near_pairs(embeddings, 0.7, exact_max=100)
    exact = near_pairs(embeddings, 0.7)
    codes, wanted = (each.firsts * 600 + each.seconds for each in (pairs, exact))
    assert set(codes.tolist()) <= set(wanted.tolist())
    assert len(codes) >= 0.9 * len(wanted)


@pytest.mark.parametrize("each", [2, 3, 9])
def test_a_faces_similarity_is_the_mean_of_its_pairs_with_the_others(each: int) -> None:
    embeddings = faces(0, people=1, each=each, spread=0.6)
    cosines = embeddings.astype(np.float64) @ embeddings.T.astype(np.float64)
    expected = [np.delete(cosines[row], row).mean() for row in range(each)]
    assert similarities(embeddings) == pytest.approx(expected)


def test_over_a_person_the_similarities_reach_the_threshold() -> None:
    embeddings = faces(0, people=4, each=6, spread=0.6)
    found = grouped(embeddings, list(range(24)), 0.5)
    assert found
    for rows in found:
        assert np.mean(similarities(embeddings[rows])) >= 0.5 - 1e-3


def test_who_is_alone_is_no_group() -> None:
    embeddings = np.eye(4, dtype=np.float16)
    assert grouped(embeddings, [0, 1, 2, 3], 0.5) == []
    assert grouped(embeddings[:1], [0], 0.5) == []
    assert grouped(embeddings[:0], [], 0.5) == []


def test_a_chain_of_look_alikes_is_not_one_person() -> None:
    # given faces along an arc, 30 degrees from one to the next, and a threshold of 40 degrees
    angles = np.deg2rad(np.arange(0, 180, 30))
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16)
    # when they are grouped, then no group spans the arc
    found = grouped(embeddings, list(range(6)), float(np.cos(np.deg2rad(40))))
    assert max(len(group) for group in found) <= 2


def test_two_faces_of_one_photo_are_never_one_person() -> None:
    embeddings = np.ones((4, 4), np.float16) / np.float16(2)
    assert grouped(embeddings, [0, 0, 1, 1], 0.5) == [[0, 2], [1, 3]]


@given(
    seed=st.integers(0, 10_000),
    photos=st.lists(st.integers(0, 9), min_size=2, max_size=40),
    spread=st.floats(0.1, 1.5),
    similarity_min=st.floats(-0.5, 0.95),
)
@settings(max_examples=60, deadline=None)
def test_groups_keep_their_promises(
    seed: int, photos: list[int], spread: float, similarity_min: float
) -> None:
    # given faces of a few vague people
    embeddings = faces(seed, people=len(photos) // 4 + 1, each=4, spread=spread)[: len(photos)]
    photos = photos[: len(embeddings)]
    # when
    found = grouped(embeddings, photos, similarity_min)
    # then the groups are disjoint, of one face a photo, and close on average
    members = [row for group in found for row in group]
    assert len(members) == len(set(members))
    for group in found:
        assert len(group) > 1
        assert len({photos[row] for row in group}) == len(group)
        rows = embeddings[group].astype(np.float64)
        products = (rows @ rows.T)[np.triu_indices(len(group), 1)]
        assert products.mean() >= similarity_min - 1e-6


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_faces_does_not_matter(seed: int) -> None:
    embeddings = faces(seed, people=5, each=4, spread=0.7)
    order = np.random.default_rng(seed).permutation(20)
    plain = grouped(embeddings, list(range(20)), 0.4)
    shuffled = grouped(embeddings[order], list(range(20)), 0.4)
    back = sorted(sorted(int(order[row]) for row in group) for group in shuffled)
    assert back == plain


def test_pairs_are_exact_cosines_in_order() -> None:
    embeddings = faces(3, people=3, each=3, spread=0.3)
    pairs = near_pairs(embeddings, -1.0)
    assert list(zip(pairs.firsts, pairs.seconds, strict=True)) == list(combinations(range(9), 2))
    rows = embeddings.astype(np.float32)
    cosines = rows @ rows.T
    assert pairs.similarities == pytest.approx(cosines[np.triu_indices(9, 1)], abs=1e-6)
    np.fill_diagonal(cosines, -1)
    assert pairs.nearest == pytest.approx(cosines.max(axis=1), abs=1e-6)


def test_a_decision_joins_what_is_not_alike_and_parts_what_is() -> None:
    # given two people of three faces
    embeddings = faces(0, people=2, each=3, spread=0.2)
    pairs = near_pairs(embeddings, 0.7)
    images = list(range(6))
    # then a decision makes one of the two, or takes a face out, also where two are of one image
    assert group_faces(embeddings, pairs, 0.7, Rules(images, together=[(0, 5)]))[0][0] == 0
    joined = group_faces(embeddings, pairs, -1.0, Rules([0, 1, 2, 3, 4, 0], together=[(0, 5)]))
    assert any({0, 5} <= set(group) for group in joined)
    parted = group_faces(embeddings, pairs, 0.7, Rules(images, apart=[(2, 0), (2, 1)]))
    assert parted == [[0, 1], [3, 4, 5]]


def test_what_was_told_apart_stays_apart_through_others() -> None:
    embeddings = faces(0, people=1, each=6, spread=0.1)
    found = group_faces(
        embeddings, near_pairs(embeddings, 0.5), 0.5, Rules(list(range(6)), apart=[(0, 5)])
    )
    assert not any({0, 5} <= set(group) for group in found)


def test_a_weak_face_joins_the_nearest_group_or_none() -> None:
    strong = faces(0, people=2, each=3, spread=0.2)
    weak = np.stack([strong[4], -strong[4]])
    assert attached(strong, weak, [[0, 1, 2], [3, 4, 5]], 0.5) == [1, -1]
    assert attached(strong, weak, [], 0.5) == [-1, -1]
