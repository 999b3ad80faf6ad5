"""Any sequence of steps leaves a store, and a process that follows it, as a dictionary would be.

The contract of a `Store`, whatever it keeps its faces in.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import FaceExists, UnknownFace, UnknownPerson
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.opening import create_store, open_store
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.store import Store
from facenet_res.gallery.types import Counts, Enrollment, GalleryInfo, PersonUpdate
from tests.postgres_server import PostgresServer

DIM = 8
INFO = GalleryInfo("model-a", DIM, 0.0)
FACES = unit_norm(np.random.default_rng(0).normal(size=(16, DIM)))

person_ids = st.sampled_from(["ada", "bob", "eve", "zoe"])
face_ids = st.sampled_from([f"f{number}" for number in range(8)])
pictures = st.integers(0, len(FACES) - 1)


class GallerySteps(RuleBasedStateMachine):
    """The model: persons as a set, faces as face id -> (person, picture).

    Each kind of store says how it is made, opened, and opened once more beside.
    """

    def created(self) -> Store:
        raise NotImplementedError

    def opened(self) -> Store:
        raise NotImplementedError

    def opened_beside(self) -> Store:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.persons: set[str] = set()
        self.faces: dict[str, tuple[str, int]] = {}
        self.names: dict[str, str] = {}
        self.answers: dict[str, object] = {}
        self.gallery = self.wrapped(self.created())
        self.reader = self.wrapped(self.opened_beside())

    def wrapped(self, store: Store) -> EmbeddingGallery:
        return EmbeddingGallery(store, clock=lambda: 0.0)

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
        before = len(self.faces)
        receipt = self.gallery.delete_person(person_id)
        self.forget(person_id)
        assert receipt.faces == before - len(self.faces)

    def forget(self, person_id: str) -> None:
        self.faces = {key: face for key, face in self.faces.items() if face[0] != person_id}
        self.persons.remove(person_id)
        self.names.pop(person_id, None)

    @rule(face_id=face_ids)
    def delete_face(self, face_id: str) -> None:
        if face_id not in self.faces:
            with pytest.raises(UnknownFace):
                self.gallery.delete_face(face_id)
            return
        assert self.gallery.delete_face(face_id).person_id == self.faces.pop(face_id)[0]

    @rule(face_id=face_ids, person_id=person_ids)
    def move(self, face_id: str, person_id: str) -> None:
        if face_id not in self.faces:
            with pytest.raises(UnknownFace):
                self.gallery.move_faces([face_id], person_id)
            return
        self.gallery.move_faces([face_id], person_id)
        self.faces[face_id] = (person_id, self.faces[face_id][1])
        self.persons.add(person_id)

    @rule(source=person_ids, into=person_ids)
    def merge(self, source: str, into: str) -> None:
        if not {source, into} <= self.persons:
            with pytest.raises(UnknownPerson):
                self.gallery.merge_people([source], into)
            return
        self.gallery.merge_people([source], into)
        if source == into:
            return
        self.persons.remove(source)
        self.names.pop(source, None)
        self.faces = {
            face_id: (into if owner == source else owner, picture)
            for face_id, (owner, picture) in self.faces.items()
        }

    @rule(person_id=person_ids, name=st.sampled_from(["", "A", "B"]))
    def rename(self, person_id: str, name: str) -> None:
        if person_id in self.persons:
            self.gallery.update_person(person_id, PersonUpdate(name=name))
            self.names[person_id] = name

    @rule(request=st.sampled_from(["r1", "r2"]), person_id=person_ids)
    def delete_by_request(self, request: str, person_id: str) -> None:
        request_id = f"{request}-{person_id}"
        if request_id in self.answers:
            again = self.gallery.delete_person(person_id, request_id=request_id)
            assert again == self.answers[request_id]
        elif person_id in self.persons:
            answer = self.gallery.delete_person(person_id, request_id=request_id)
            self.answers[request_id] = answer
            self.forget(person_id)

    @rule()
    def reopen_reader(self) -> None:
        self.reader.close()
        self.reader = self.wrapped(self.opened_beside())

    @rule()
    def reopen(self) -> None:
        self.gallery.close()
        self.gallery = self.wrapped(self.opened())

    @rule()
    def compact(self) -> None:
        self.gallery.compact()

    @rule(picture=pictures)
    def identify(self, picture: int) -> None:
        best: dict[str, float] = {}
        for person_id, enrolled in self.faces.values():
            cosine = float(FACES[enrolled] @ FACES[picture])
            best[person_id] = max(cosine, best.get(person_id, -1.0))
        for gallery in (self.gallery, self.reader):
            self.check_identify(gallery, picture, best)

    def check_identify(
        self, gallery: EmbeddingGallery, picture: int, best: dict[str, float]
    ) -> None:
        (answer,) = gallery.identify(FACES[picture : picture + 1], threshold=0.9999, k=10)
        got = {match.person_id: match.score for match in answer.candidates}
        assert got == pytest.approx(best, abs=1e-5)
        assert list(got.values()) == sorted(got.values(), reverse=True)
        assert answer.is_known == any(enrolled == picture for _, enrolled in self.faces.values())

    @invariant()
    def store_says_the_same(self) -> None:
        for gallery in (self.gallery, self.reader):
            self.check_people(gallery)

    def check_people(self, gallery: EmbeddingGallery) -> None:
        assert gallery.counts() == Counts(len(self.persons), len(self.faces))
        people = gallery.people()
        assert {one.person_id: one.name for one in people if one.name} == {
            person_id: name for person_id, name in self.names.items() if name
        }
        assert [person.person_id for person in people] == sorted(self.persons)
        listed = {face.face_id: person.person_id for person in people for face in person.faces}
        assert listed == {face_id: owner for face_id, (owner, _) in self.faces.items()}

    def teardown(self) -> None:
        self.reader.close()
        self.gallery.close()


class SqliteSteps(GallerySteps):
    """One process writes, another reads."""

    def created(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        return SqliteStore.create(self.path, INFO, ballast_bytes=0)

    def opened(self) -> Store:
        return SqliteStore.open(self.path, ballast_bytes=0)

    def opened_beside(self) -> Store:
        return SqliteStore.open_reading(self.path)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class PostgresSteps(GallerySteps):
    """Two processes' worth of stores, of which either may write."""

    server: PostgresServer

    def created(self) -> Store:
        self.url = self.server.new_url()
        return create_store(self.url, INFO, time.time)

    def opened(self) -> Store:
        return open_store(self.url, read_only=False)

    def opened_beside(self) -> Store:
        return open_store(self.url, read_only=False)

    @rule()
    def take_turns(self) -> None:
        self.gallery, self.reader = self.reader, self.gallery


def steps(examples: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=25, deadline=None)


def test_a_gallery_in_a_folder_is_what_the_dictionary_is() -> None:
    run_state_machine_as_test(SqliteSteps, settings=steps(15))


def test_a_gallery_in_postgresql_is_what_the_dictionary_is(postgres: PostgresServer) -> None:
    PostgresSteps.server = postgres
    run_state_machine_as_test(PostgresSteps, settings=steps(8))
