"""The gallery as its users see it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import (
    ArgumentInvalid,
    ArrayInvalid,
    FaceExists,
    GalleryLocked,
    ModelMismatch,
    ShuttingDown,
    UnknownFace,
)
from facenet_res.core.types import Candidate, Embeddings
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import (
    Counts,
    DeletionReceipt,
    EnrolledFace,
    Enrollment,
    GalleryInfo,
    PersonFilter,
)

DIM = 8


def near(embedding: Embeddings, seed: int = 1, spread: float = 0.05) -> Embeddings:
    """A direction close to the given one."""
    noise = np.random.default_rng(seed).normal(size=embedding.shape) * spread
    return unit_norm((embedding + noise)[None])[0]


def test_knows_a_person_again_and_says_unknown_of_others(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.enroll("bob", faces[1])
    query = near(faces[0])

    known, unknown = gallery.identify(np.stack([query, -faces[0]]), threshold=0.9, k=1)

    assert known.is_known
    assert known.person_id == "ada"
    assert known.candidates == (Candidate("ada", "face-0", pytest.approx(float(query @ faces[0]))),)
    assert not unknown.is_known
    assert unknown.person_id == ""
    assert len(unknown.candidates) == 1


def test_the_threshold_itself_is_enough(gallery: EmbeddingGallery) -> None:
    gallery.enroll("ada", np.eye(DIM, dtype=np.float32)[0])
    half = np.zeros((1, DIM), np.float32)
    half[0, :4] = 0.5
    assert gallery.identify(half, threshold=0.5)[0].is_known
    assert not gallery.identify(half, threshold=0.5001)[0].is_known
    assert gallery.verify("ada", half[0], threshold=0.5).is_match


def test_an_empty_gallery_knows_nobody_and_no_faces_need_no_answer(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    (answer,) = gallery.identify(faces[:1], threshold=-1.0)
    assert answer.candidates == ()
    assert not answer.is_known
    assert gallery.identify(faces[:0], threshold=0.5) == []
    assert gallery.people() == []
    assert gallery.enroll_many([]) == []


def test_verifies_against_the_closest_of_a_persons_faces(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.enroll("ada", faces[1])
    gallery.enroll("bob", faces[2])

    answer = gallery.verify("ada", faces[1], threshold=0.4, fmr=1e-3)

    assert answer.score == pytest.approx(1.0)
    assert answer.is_match
    assert (answer.threshold, answer.fmr) == (0.4, 1e-3)
    other = gallery.verify("ada", faces[2], threshold=0.99)
    assert other.score == pytest.approx(float(max(faces[:2] @ faces[2])), abs=1e-6)
    assert not other.is_match


def test_an_enrolment_is_dated_and_named_by_what_was_passed_in(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    face = gallery.enroll("ada", faces[0], name="Ada", metadata={"team": "a"}, source="1.jpg")
    assert face == EnrolledFace("face-0", "ada", "1.jpg", 2000.0)
    assert gallery.person("ada").faces == (face,)
    assert gallery.person("ada").metadata == {"team": "a"}
    assert gallery.people() == [gallery.person("ada")]


def test_a_retry_with_a_face_id_enrols_once(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    first = gallery.enroll("ada", faces[0], face_id="upload-1")
    again = gallery.enroll("ada", faces[0], face_id="upload-1")
    with pytest.raises(FaceExists):
        gallery.enroll("bob", faces[0], face_id="upload-1")

    assert again == first
    assert gallery.counts() == Counts(1, 1)
    assert len(gallery.identify(faces[:1], threshold=0.0)[0].candidates) == 1


def test_many_are_enrolled_or_none(gallery: EmbeddingGallery, faces: Embeddings) -> None:
    gallery.enroll("ada", faces[0], face_id="a")
    many = [Enrollment(person_id=f"p{n}", embedding=faces[n]) for n in range(1, 4)]
    taken = Enrollment(person_id="eve", embedding=faces[5], face_id="a")
    broken = Enrollment(person_id="eve", embedding=faces[5] * 2)

    for bad, kind in ((taken, FaceExists), (broken, ArrayInvalid)):
        with pytest.raises(kind):
            gallery.enroll_many([*many, bad])
    assert gallery.counts() == Counts(1, 1)
    assert len(gallery.identify(faces[:1], threshold=0.0)[0].candidates) == 1

    assert [face.person_id for face in gallery.enroll_many(many)] == ["p1", "p2", "p3"]
    assert gallery.counts() == Counts(4, 4)


def test_deletions_give_receipts_and_are_seen_by_searches(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    for number in range(3):
        gallery.enroll("ada", faces[number])
    gallery.enroll("bob", faces[3])

    one = gallery.delete_face("face-1")
    assert one == DeletionReceipt("ada", "face-1", 1, 2000.0, 0)
    assert gallery.identify(faces[1:2], threshold=0.999)[0].person_id == ""

    rest = gallery.delete_person("ada")
    assert rest == DeletionReceipt("ada", "", 2, 2000.0, 0)
    (answer,) = gallery.identify(faces[:1], threshold=-1.0)
    assert [match.person_id for match in answer.candidates] == ["bob"]
    assert gallery.counts() == Counts(1, 1)


def test_a_person_without_a_face_left_cannot_be_verified(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.delete_face("face-0")
    with pytest.raises(UnknownFace, match="'ada' has no face to compare with"):
        gallery.verify("ada", faces[0], threshold=0.5)


def test_every_number_has_its_limit(store: Store, faces: Embeddings) -> None:
    limits = GalleryLimits(top_k_max=3, page_size_max=2, batch_max=4, faces_per_person_max=1)
    gallery = EmbeddingGallery(store, limits=limits)
    gallery.enroll("ada", faces[0])
    five = [Enrollment(person_id="x", embedding=faces[0])] * 5
    for use, said in (
        (lambda: gallery.identify(faces[:1], threshold=0.5, k=4), "k: 4, allowed are 1 to 3"),
        (lambda: gallery.identify(faces[:1], threshold=0.5, k=0), "k: 0, allowed are 1 to 3"),
        (
            lambda: gallery.identify(faces[:5], threshold=0.5, k=1),
            "faces at once: 5",
        ),
        (lambda: gallery.identify(faces[:1], threshold=1.5, k=1), "threshold is a cosine"),
        (lambda: gallery.verify("ada", faces[0], threshold=float("nan")), "threshold is a cosine"),
        (lambda: gallery.verify("", faces[0], threshold=0.5), "person_id has 0"),
        (lambda: gallery.people(3), "page_size: 3, allowed are 1 to 2"),
        (lambda: gallery.people(0), "page_size: 0"),
        (lambda: gallery.enroll_many(five), "enrolments at once: 5, allowed are 1 to 4"),
        (lambda: gallery.enroll("ada", faces[1]), "'ada' has 1 faces, limit is 1"),
        (lambda: gallery.enroll("", faces[1]), "person_id has 0 characters"),
    ):
        with pytest.raises(ArgumentInvalid, match=said):
            use()
    for wrong in (faces[:1, :4], faces[:1] * 2, faces[0]):
        with pytest.raises(ArrayInvalid):
            gallery.identify(wrong, threshold=0.5)


def test_is_the_same_after_closing_and_opening(tmp_path: Path, faces: Embeddings) -> None:
    path = tmp_path / "new" / "staff"
    with EmbeddingGallery.create(
        path, model_id="model-a", embedding_dim=DIM, clock=lambda: 7.0
    ) as gallery:
        for number in range(20):
            gallery.enroll(f"p{number % 6}", faces[number])
        gallery.delete_person("p3")
        people, answers = gallery.people(), gallery.identify(faces, threshold=0.5)

    with EmbeddingGallery.open(path, model_id="model-a", embedding_dim=DIM) as gallery:
        assert gallery.info == GalleryInfo("model-a", DIM, 7.0)
        assert gallery.people() == people
        for answer, before in zip(gallery.identify(faces, threshold=0.5), answers, strict=True):
            assert answer.person_id == before.person_id
            assert [match.face_id for match in answer.candidates] == [
                match.face_id for match in before.candidates
            ]


def test_another_models_gallery_is_refused_and_not_kept_locked(tmp_path: Path) -> None:
    EmbeddingGallery.create(tmp_path, model_id="model-a", embedding_dim=DIM).close()
    with pytest.raises(ModelMismatch, match="belongs to model 'model-a', in use is 'model-b'"):
        EmbeddingGallery.open(tmp_path, model_id="model-b", embedding_dim=DIM)
    with pytest.raises(ModelMismatch, match="holds embeddings of 8 numbers"):
        EmbeddingGallery.open(tmp_path, model_id="model-a", embedding_dim=128)
    with EmbeddingGallery.open(tmp_path) as gallery:
        with pytest.raises(GalleryLocked):
            EmbeddingGallery.open(tmp_path)
        assert gallery.info.model_id == "model-a"


def test_an_impossible_gallery_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(ArgumentInvalid, match="embedding_dim: 0"):
        EmbeddingGallery.create(tmp_path / "new", model_id="model-a", embedding_dim=0)
    assert not (tmp_path / "new").exists()


def test_the_margin_is_to_the_second_best_person(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.enroll("ada", faces[0])
    gallery.enroll("ada", near(faces[0]))
    (alone,) = gallery.identify(faces[:1], threshold=0.5, k=1)
    gallery.enroll("bob", faces[1])

    (answer,) = gallery.identify(faces[:1], threshold=0.5, k=1)

    assert (alone.second_score, alone.margin) == (-1.0, pytest.approx(2.0))
    assert len(answer.candidates) == 1
    assert answer.second_score == pytest.approx(float(faces[0] @ faces[1]), abs=1e-6)
    assert answer.margin == pytest.approx(answer.score - answer.second_score)


def test_only_people_who_pass_the_filter_are_candidates(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    for number, team in enumerate(["red", "blue", "red"]):
        gallery.enroll(f"p{number}", faces[number], metadata={"team": team, "n": str(number)})

    def found(**where: Any) -> set[str]:
        (answer,) = gallery.identify(faces[:1], threshold=0.5, where=PersonFilter(**where))
        return {candidate.person_id for candidate in answer.candidates}

    assert found(metadata={"team": "red"}) == {"p0", "p2"}
    assert found(metadata={"team": "red", "n": "2"}) == {"p2"}
    assert found(person_ids=frozenset({"p1", "nobody"})) == {"p1"}
    assert found(person_ids=frozenset({"p1"}), metadata={"team": "red"}) == set()


def test_one_face_under_three_people_is_reported(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    for person in ("ada", "bob", "eve"):
        gallery.enroll(person, faces[0])
    gallery.enroll("zoe", faces[1])

    (similar,) = gallery.similar_people(faces[:1], 0.9, except_for="ada")

    assert {candidate.person_id for candidate in similar} == {"bob", "eve"}
    assert gallery.similar_people(faces[1:2], 0.9, except_for="zoe") == [()]


def test_after_closing_it_refuses_with_a_typed_error(
    gallery: EmbeddingGallery, faces: Embeddings
) -> None:
    gallery.close()
    gallery.close()
    answers: tuple[Callable[[], object], ...] = (
        lambda: gallery.enroll("ada", faces[0]),
        lambda: gallery.identify(faces[:1], threshold=0.5),
        gallery.counts,
    )
    for answer in answers:
        with pytest.raises(ShuttingDown):
            answer()


def test_an_id_that_is_no_text_is_refused_wherever_it_is_looked_up(
    gallery: EmbeddingGallery,
) -> None:
    of_pages = partial(gallery.people, 10)
    for lookup in (gallery.person, gallery.delete_person, gallery.delete_face, of_pages):
        with pytest.raises(ArgumentInvalid, match="control character"):
            lookup("a\udcff")


def test_its_path_may_be_a_string(tmp_path: Path) -> None:
    EmbeddingGallery.create(f"{tmp_path}/new", model_id="model-a", embedding_dim=DIM).close()
    EmbeddingGallery.open(f"{tmp_path}/new").close()
