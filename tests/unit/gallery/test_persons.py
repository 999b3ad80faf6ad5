"""The closest persons are the right ones, however many faces each has."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings
from facenet_res.gallery.exact_index import ExactIndex
from facenet_res.gallery.faiss_index import FaissIndex
from facenet_res.gallery.index import Hits, Index
from facenet_res.gallery.persons import PersonIndex
from facenet_res.gallery.types import Owner, Templates

DIM = 8


def templates(embeddings: Embeddings, person_ids: list[str], first_row: int = 1) -> Templates:
    rows = np.arange(first_row, first_row + len(embeddings), dtype=np.int64)
    owners = (Owner(person_id, f"f{row}") for person_id, row in zip(person_ids, rows, strict=True))
    return Templates(rows, embeddings, tuple(owners))


def best_by_hand(
    queries: Embeddings, known: Templates, persons_max: int
) -> list[list[tuple[str, str, float]]]:
    answers = []
    for cosines in queries.astype(np.float64) @ known.embeddings.T.astype(np.float64):
        best: dict[str, tuple[str, str, float]] = {}
        for place in np.argsort(-cosines):
            owner = known.owners[place]
            best.setdefault(owner.person_id, (owner.person_id, owner.face_id, cosines[place]))
        answers.append(list(best.values())[:persons_max])
    return answers


@given(
    seed=st.integers(0, 1000),
    faces_each=st.lists(st.sampled_from([1, 2, 5, 40, 200]), min_size=0, max_size=8),
    persons_max=st.integers(1, 10),
)
@settings(max_examples=40, deadline=None)
def test_lists_the_best_face_of_the_closest_persons_in_order(
    seed: int, faces_each: list[int], persons_max: int
) -> None:
    # Faces of one person lie close together, so that the crowded ones hide the others.
    random = np.random.default_rng(seed)
    owners = [f"p{person}" for person, count in enumerate(faces_each) for _ in range(count)]
    centres = np.repeat(random.normal(size=(len(faces_each), DIM)), faces_each, axis=0)
    known = templates(unit_norm(centres + random.normal(size=centres.shape) * 0.1), owners)
    queries = unit_norm(random.normal(size=(6, DIM)))

    for index in (ExactIndex(DIM), FaissIndex(DIM)):
        persons = PersonIndex(index)
        persons.add(known)
        got = persons.closest(queries, persons_max)

        expected = best_by_hand(queries, known, persons_max)
        for candidates, wanted in zip(got, expected, strict=True):
            assert [(match.person_id, match.face_id) for match in candidates] == [
                (person_id, face_id) for person_id, face_id, _ in wanted
            ]
            assert [match.score for match in candidates] == pytest.approx(
                [similarity for _, _, similarity in wanted], abs=1e-5
            )


def test_a_person_behind_a_thousand_faces_of_another_is_listed() -> None:
    crowd = unit_norm(np.random.default_rng(0).normal(size=(1000, DIM)) * 0.01 + np.eye(DIM)[0])
    far = -np.eye(DIM, dtype=np.float32)[:1]
    persons = PersonIndex(FaissIndex(DIM))
    persons.add(templates(np.concatenate([crowd, far]), ["crowd"] * 1000 + ["far"]))

    (candidates,) = persons.closest(-far, 2)

    assert [match.person_id for match in candidates] == ["crowd", "far"]
    assert candidates[1].score == -1.0


def test_a_similarity_never_exceeds_one() -> None:
    slightly_long = np.full((1, DIM), np.float32(1.0001 / np.sqrt(DIM)))
    persons = PersonIndex(ExactIndex(DIM))
    persons.add(templates(slightly_long, ["ada"]))
    assert persons.closest(slightly_long, 1)[0][0].score == 1.0
    assert persons.closest(-slightly_long, 1)[0][0].score == -1.0


def test_faces_that_are_there_already_are_not_added_again(faces: Embeddings) -> None:
    index = ExactIndex(DIM)
    persons = PersonIndex(index)
    persons.add(templates(faces[:2], ["ada", "bob"]))
    persons.add(templates(faces[:2], ["ada", "bob"]))
    persons.add(templates(faces[:3], ["ada", "bob", "eve"]))
    assert index.size == 3


def test_a_face_twice_in_one_batch_is_added_once(faces: Embeddings) -> None:
    index = ExactIndex(DIM)
    rows, owner = np.array([4, 4], np.int64), Owner("ada", "f4")
    PersonIndex(index).add(Templates(rows, faces[[0, 0]], (owner, owner)))
    assert index.size == 1


def test_a_removed_face_gives_way_to_the_persons_next_best(faces: Embeddings) -> None:
    persons = PersonIndex(ExactIndex(DIM))
    persons.add(templates(faces[:2], ["ada", "ada"]))
    persons.remove([1])
    ((match,),) = persons.closest(faces[:1], 3)
    assert match.face_id == "f2"
    persons.remove([2])
    assert persons.closest(faces[:1], 3) == [()]


def test_a_face_deleted_between_search_and_answer_is_left_out(faces: Embeddings) -> None:
    hits = Hits(np.array([[0.9, 0.8, -np.inf]], np.float32), np.array([[7, 1, -1]]))
    index: Any = SimpleNamespace(size=2, search=lambda queries, k: hits, add=lambda *_: None)
    typed: Index = index
    persons = PersonIndex(typed)
    persons.add(templates(faces[:1], ["ada"]))
    ((match,),) = persons.closest(faces[:1], 2)
    assert match.person_id == "ada"
