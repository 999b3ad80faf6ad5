"""The search for candidates: copies are found however they lie, at a bounded cost."""

import numpy as np
import pytest

from facenet_res.dedup.candidates import (
    PER_IMAGE_MAX,
    Candidate,
    Corners,
    find_candidates,
    meeting_pairs,
    open_index,
)
from facenet_res.dedup.features import features_of
from facenet_res.dedup.fingerprint import descriptors_of
from facenet_res.dedup.turns import TURNS, turned
from tests.unit.dedup.pictures import grey, picture

ORIGINALS = [grey(picture(seed)) for seed in range(12)]
NONE = np.zeros((0, 32), np.uint8)


def corners(codes: list[np.ndarray]) -> Corners:
    rows = np.repeat(np.arange(len(codes)), [len(each) for each in codes])
    return Corners(np.concatenate(codes), rows)


def candidates(images: list[np.ndarray]) -> list[Candidate]:
    plain = corners([features_of(image).codes for image in images])
    flipped = [np.ascontiguousarray(image[:, ::-1]) for image in images]
    mirrored = corners([features_of(image).codes for image in flipped])
    return find_candidates(plain, mirrored, np.stack([descriptors_of(each) for each in images]))


def plain_candidates(images: list[np.ndarray]) -> list[Candidate]:
    """Of images without corners."""
    none = corners([NONE] * len(images))
    return find_candidates(none, none, np.stack([descriptors_of(each) for each in images]))


@pytest.mark.parametrize("turn", range(TURNS))
def test_corners_find_a_turned_copy(turn: int) -> None:
    found = candidates([*ORIGINALS, turned(ORIGINALS[3], turn)])
    assert (3, 12) in {(item.first, item.second) for item in found}


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_corners_find_a_cropped_copy(share: float) -> None:
    height_px, width_px = ORIGINALS[7].shape
    y, x = round(share * height_px), round(share * width_px)
    copy = np.ascontiguousarray(ORIGINALS[7][y : height_px - y, x : width_px - x])
    found = candidates([*ORIGINALS, copy])
    assert (7, 12) in {(item.first, item.second) for item in found}


@pytest.mark.parametrize("turn", range(TURNS))
def test_without_corners_a_turned_copy_comes_with_the_turn_that_undoes_it(turn: int) -> None:
    # given the copy first in one list and last in the other
    copy = turned(ORIGINALS[3], turn)
    # when the second of the pair is turned as told, then it lies like the first
    (there,) = [each for each in plain_candidates([*ORIGINALS, copy]) if each.second == 12]
    np.testing.assert_array_equal(turned(copy, there.turns[0]), ORIGINALS[3])
    (here,) = [each for each in plain_candidates([copy, *ORIGINALS]) if each.first == 0]
    np.testing.assert_array_equal(turned(ORIGINALS[3], here.turns[0]), copy)


def test_images_without_structure_have_no_candidates() -> None:
    flat = np.full((50, 50), 128, np.uint8)
    assert candidates([flat, flat, flat]) == []


def test_a_crowd_of_equals_costs_a_bounded_number_of_pairs_and_hangs_together() -> None:
    crowd = candidates([ORIGINALS[0]] * 60)
    assert len(crowd) <= 60 * PER_IMAGE_MAX
    joined = {0}
    for pair in crowd:
        if pair.first in joined:
            joined.add(pair.second)
    assert joined == set(range(60))


def test_a_small_index_is_exact() -> None:
    index = open_index(np.eye(3, dtype=np.float32))
    similarities, rows = index.search(np.eye(3, dtype=np.float32), 1)
    np.testing.assert_array_equal(rows.ravel(), [0, 1, 2])
    np.testing.assert_allclose(similarities, 1.0)


def test_inverted_lists_find_close_rows() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1000, 64)).astype(np.float32)
    rows[980:] = rows[:20] + 0.1 * rng.normal(size=(20, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    _, found = open_index(rows, exact_max=100).search(rows[980:], 2)
    assert all(n in near for n, near in enumerate(found.tolist()))


def test_copies_among_many_are_found_though_single_meetings_are_dropped() -> None:
    # given 2,100 images of 40 random codes, of which 50 are copies with one bit in twenty changed
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (2100, 40, 32), np.uint8)
    noise = np.packbits(rng.random((50, 40, 256)) < 0.05, axis=2)
    codes[2050:] = codes[:50] ^ noise
    found = meeting_pairs(corners(list(codes)), corners([NONE] * 2100), 2100)
    # then all are candidates and hardly anything else is
    pairs = {(first, second) for first, second, _ in found}
    assert {(row, 2050 + row) for row in range(50)} <= pairs
    assert len(pairs) < 60
