"""Identity duplicates: the pairs of an exhaustive comparison, ranked, with their faces."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArgumentInvalid
from facenet_res.dedup.identities import identity_duplicates


def enrolled(people: int, twice: int) -> tuple[list[str], NDArray[np.float16]]:
    """Four faces of each; the first ones are enrolled under two names, with two faces each."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(people, 64))
    rows = np.repeat(centres, 4, axis=0) + 0.5 * rng.normal(size=(4 * people, 64))
    owners = [
        f"p{number}{'ab'[face // 2] if number < twice else ''}"
        for number in range(people)
        for face in range(4)
    ]
    return owners, unit_norm(rows).astype(np.float16)


def test_the_pairs_are_those_of_an_exhaustive_comparison() -> None:
    owners, faces = enrolled(people=60, twice=20)
    found = identity_duplicates(owners, faces, 0.5)
    names = sorted(set(owners))
    wide = faces.astype(np.float64)
    means = {n: wide[[o == n for o in owners]].sum(axis=0) for n in names}
    cosines = {
        (a, b): means[a] @ means[b] / np.linalg.norm(means[a]) / np.linalg.norm(means[b])
        for a, b in combinations(names, 2)
    }
    assert {(each.first, each.second) for each in found} == {
        pair for pair, cosine in cosines.items() if cosine >= 0.5
    }
    assert {(f"p{n}a", f"p{n}b") for n in range(20)} <= {(p.first, p.second) for p in found}
    assert [each.similarity for each in found] == sorted(
        (p.similarity for p in found), reverse=True
    )


def test_the_faces_that_say_so_are_named() -> None:
    owners, faces = enrolled(people=5, twice=1)
    first = identity_duplicates(owners, faces, 0.5)[0]
    assert (owners[first.first_row], owners[first.second_row]) == ("p0a", "p0b")
    cosine = float(faces[first.first_row].astype(float) @ faces[first.second_row].astype(float))
    assert first.face_similarity == pytest.approx(cosine, abs=1e-3)


def test_nobody_is_no_duplicate() -> None:
    assert identity_duplicates([], np.zeros((0, 8), np.float16), 0.5) == []
    with pytest.raises(ArgumentInvalid, match="1 owners for 2 faces"):
        identity_duplicates(["a"], np.zeros((2, 8), np.float16), 0.5)
