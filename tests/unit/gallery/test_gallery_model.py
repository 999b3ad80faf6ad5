"""Any sequence of steps leaves store and index as a plain dictionary would be."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import FaceExists, UnknownFace, UnknownPerson
from facenet_res.gallery.faiss_index import FaissIndex
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import Counts, Enrollment, GalleryInfo

DIM = 8
FACES = unit_norm(np.random.default_rng(0).normal(size=(16, DIM)))

person_ids = st.sampled_from(["ada", "bob", "eve", "zoe"])
face_ids = st.sampled_from([f"f{number}" for number in range(8)])
pictures = st.integers(0, len(FACES) - 1)


class GallerySteps(RuleBasedStateMachine):
    """The model: persons as a set, faces as face id -> (person, picture)."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.persons: set[str] = set()
        self.faces: dict[str, tuple[str, int]] = {}
        info = GalleryInfo("model-a", DIM, 0.0)
        self.gallery = self.wrapped(SqliteStore.create(self.path, info, ballast_bytes=0))

    def wrapped(self, store: SqliteStore) -> EmbeddingGallery:
        return EmbeddingGallery(store, FaissIndex(DIM), clock=lambda: 0.0)

    @rule(person_id=person_ids, face_id=face_ids, picture=pictures)
    def enroll(self, person_id: str, face_id: str, picture: int) -> None:
        if self.faces.get(face_id, (person_id, picture)) == (person_id, picture):
            self.gallery.enroll(person_id, FACES[picture], face_id=face_id)
            self.faces[face_id] = (person_id, picture)
            self.persons.add(person_id)
        else:
            with pytest.raises(FaceExists):
                self.gallery.enroll(person_id, FACES[picture], face_id=face_id)

    @rule(batch=st.lists(st.tuples(person_ids, face_ids, pictures), max_size=4))
    def enroll_many(self, batch: list[tuple[str, str, int]]) -> None:
        enrollments = [
            Enrollment(person_id=person_id, embedding=FACES[picture], face_id=face_id)
            for person_id, face_id, picture in batch
        ]
        after = dict(self.faces)
        fits = all(
            after.setdefault(face_id, (person_id, picture)) == (person_id, picture)
            for person_id, face_id, picture in batch
        )
        if fits:
            self.gallery.enroll_many(enrollments)
            self.faces = after
            self.persons |= {person_id for person_id, _, _ in batch}
        else:
            with pytest.raises(FaceExists):
                self.gallery.enroll_many(enrollments)

    @rule(person_id=person_ids)
    def delete_person(self, person_id: str) -> None:
        if person_id not in self.persons:
            with pytest.raises(UnknownPerson):
                self.gallery.delete_person(person_id)
            return
        kept = {key: face for key, face in self.faces.items() if face[0] != person_id}
        assert self.gallery.delete_person(person_id).faces == len(self.faces) - len(kept)
        self.faces = kept
        self.persons.remove(person_id)

    @rule(face_id=face_ids)
    def delete_face(self, face_id: str) -> None:
        if face_id not in self.faces:
            with pytest.raises(UnknownFace):
                self.gallery.delete_face(face_id)
            return
        assert self.gallery.delete_face(face_id).person_id == self.faces.pop(face_id)[0]

    @rule()
    def reopen(self) -> None:
        self.gallery.close()
        self.gallery = self.wrapped(SqliteStore.open(self.path, ballast_bytes=0))

    @rule()
    def compact(self) -> None:
        self.gallery.compact()

    @rule(picture=pictures)
    def identify(self, picture: int) -> None:
        best: dict[str, float] = {}
        for person_id, enrolled in self.faces.values():
            cosine = float(FACES[enrolled] @ FACES[picture])
            best[person_id] = max(cosine, best.get(person_id, -1.0))
        (answer,) = self.gallery.identify(FACES[picture : picture + 1], 0.9999, top_k=10)
        got = {match.person_id: match.score for match in answer.candidates}
        assert got == pytest.approx(best, abs=1e-5)
        assert list(got.values()) == sorted(got.values(), reverse=True)
        assert answer.is_known == any(enrolled == picture for _, enrolled in self.faces.values())

    @invariant()
    def store_says_the_same(self) -> None:
        assert self.gallery.counts() == Counts(len(self.persons), len(self.faces))
        people = self.gallery.people()
        assert [person.person_id for person in people] == sorted(self.persons)
        listed = {face.face_id: person.person_id for person in people for face in person.faces}
        assert listed == {face_id: owner for face_id, (owner, _) in self.faces.items()}

    def teardown(self) -> None:
        self.gallery.close()
        self.folder.cleanup()


TestGallerySteps = GallerySteps.TestCase
TestGallerySteps.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
