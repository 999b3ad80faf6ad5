"""What was deleted is gone: no byte of it in any file, and no answer that tells of it."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import UnknownFace, UnknownPerson
from facenet_res.core.types import Embeddings
from facenet_res.gallery.full_check import check
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import DeletionReceipt, Enrollment, PersonUpdate
from tests.unit.gallery.conftest import DIM, Clock, in_a_folder

ERASURES = 200


def bytes_in(folder: Path) -> bytes:
    """All files, without what is empty in them."""
    content = b"\0".join(file.read_bytes() for file in sorted(folder.iterdir()))
    return re.sub(rb"\0{64,}", b"\0", content)


class People:
    """People whose every text is found by a search for it: all begin with the same letters."""

    def __init__(self, gallery: EmbeddingGallery) -> None:
        self.gallery = gallery
        self.choose = random.Random(5)  # noqa: S311
        self.generator = np.random.default_rng(5)
        self.living: dict[int, list[bytes]] = {}
        self.dead: list[bytes] = []
        self.erased = self.updates = 0

    def enroll(self, number: int) -> None:
        words = [
            f"{kind}{number:05d}" for kind in ("idq", "fidq", "nameq", "metaq", "srcq", "reqq")
        ]
        vectors = unit_norm(self.generator.normal(size=(self.choose.choice([1, 1, 3]), DIM)))
        crop = self.generator.integers(1, 256, (112, 112, 3), np.uint8)
        self.gallery.enroll_many(
            [
                Enrollment(
                    person_id=words[0],
                    embedding=vector,
                    face_id=f"{words[1]}-{place}",
                    name=words[2] * self.choose.randint(1, 20),
                    metadata={"note": words[3] * self.choose.choice([1, 5, 100])},
                    source=words[4],
                    crop=crop if number % 10 == 0 else None,
                )
                for place, vector in enumerate(vectors)
            ],
            request_id=words[5],
        )
        told = [word.encode() for word in words]
        told += [vector.tobytes()[:16] for vector in vectors]
        self.living[number] = [*told, crop[50].tobytes()] if number % 10 == 0 else told

    def update(self, number: int) -> None:
        update = PersonUpdate(name=f"nameq{number:05d}" * self.choose.randint(1, 20))
        self.updates += 1
        self.gallery.update_person(f"idq{number:05d}", update, request_id=f"updq{self.updates}")

    def erase(self, number: int) -> None:
        receipt = self.gallery.delete_person(f"idq{number:05d}", request_id=f"delq{number}")
        assert not receipt.texts_left
        self.dead += self.living.pop(number)
        self.erased += 1

    def left(self, folder: Path) -> list[bytes]:
        """What of the dead is found; texts all at once, embeddings and crops one by one."""
        content = bytes_in(folder)
        texts = set(re.findall(rb"[a-z]+q\d{5}", content))
        assert all(words[0] in texts for words in self.living.values())
        return [one for one in self.dead if (one in texts if one.isalnum() else one in content)]


def test_no_byte_of_an_erased_person_is_in_any_file(tmp_path: Path) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as gallery:
        people = People(gallery)
        number = steps = 0
        while people.erased < ERASURES:
            steps += 1
            step = people.choose.random()
            if step < 0.45 or not people.living:
                people.enroll(number)
                number += 1
            elif step < 0.6:
                people.update(people.choose.choice(list(people.living)))
            else:
                people.erase(people.choose.choice(list(people.living)))
            # After a deletion, and again with the write-ahead log of the next changes.
            if steps % 40 in {0, 1}:
                assert people.left(tmp_path) == []
        assert people.left(tmp_path) == []
    assert people.left(tmp_path) == []
    assert check(tmp_path).log_entries > 4 * ERASURES


def test_many_rows_that_sqlite_has_moved_leave_nothing_either(tmp_path: Path) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as gallery:
        people = People(gallery)
        numbers = list(range(160))
        people.choose.shuffle(numbers)
        for number in numbers:
            people.enroll(number)
        for number in numbers[::2]:
            people.update(number)
        for number in numbers[:80]:
            people.erase(number)
        assert people.left(tmp_path) == []
        for number in numbers[80:]:
            people.update(number)
        assert people.left(tmp_path) == []


def test_what_a_kill_left_in_the_pages_goes_with_the_next_deletion(tmp_path: Path) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as gallery:
        people = People(gallery)
        for number in range(120):
            people.enroll(number)
    # Nobody knows after a kill which pages were written.
    (tmp_path / "gallery.snapshot").unlink()
    with EmbeddingGallery.open(tmp_path) as gallery:
        people.gallery = gallery
        for number in range(0, 120, 5):
            people.erase(number)
        assert people.left(tmp_path) == []


def test_a_person_without_faces_and_a_face_alone_leave_nothing(tmp_path: Path) -> None:
    vector = unit_norm(np.random.default_rng(0).normal(size=(1, DIM)))[0]
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as gallery:
        gallery.move_faces([], "idq-empty")
        gallery.update_person("idq-empty", PersonUpdate(name="nameq"))
        gallery.enroll("stays", vector, face_id="fidq-one", source="srcq")
        gallery.delete_person("idq-empty")
        gallery.delete_face("fidq-one", request_id="r")
        content = bytes_in(tmp_path)
        again = gallery.delete_face("fidq-one", request_id="r")
    assert not [word for word in (b"idq-empty", b"nameq", b"fidq-one", b"srcq") if word in content]
    assert (again.person_id, again.face_id, again.faces) == ("stays", "fidq-one", 1)


@in_a_folder
def test_expired_people_leave_nothing(
    gallery: EmbeddingGallery, tmp_path: Path, clock: Clock
) -> None:
    people = People(gallery)
    for number in range(60):
        people.enroll(number)
        gallery.update_person(f"idq{number:05d}", PersonUpdate(expires_unix_s=3000.0))
    clock.now = 4000.0
    assert len(gallery.delete_expired()) == 60
    for number in range(60):
        people.dead += people.living.pop(number)
    assert people.left(tmp_path / "gallery") == []


@pytest.fixture
def ada(gallery: EmbeddingGallery, faces: Embeddings) -> Enrollment:
    one = Enrollment(person_id="ada", embedding=faces[0], name="Ada")
    gallery.enroll_many([one], request_id="enrol")
    gallery.update_person("ada", PersonUpdate(name="A"), request_id="update")
    return one


def test_a_repeated_request_tells_nothing_of_whom_was_erased(
    gallery: EmbeddingGallery, ada: Enrollment
) -> None:
    receipt = gallery.delete_person("ada", request_id="erase")

    with pytest.raises(UnknownFace, match="'enrol' was carried out; 1 of its 1 faces were deleted"):
        gallery.enroll_many([ada], request_id="enrol")
    with pytest.raises(UnknownPerson, match="'update' was carried out; its person was deleted"):
        gallery.update_person("ada", PersonUpdate(name="A"), request_id="update")
    assert gallery.delete_person("ada", request_id="erase") == receipt
    assert receipt == DeletionReceipt("ada", "", 1, 2000.0, 0)
    assert gallery.counts().persons == 0


@in_a_folder
def test_the_log_names_who_is_there_and_no_longer_who_is_gone(
    gallery: EmbeddingGallery, ada: Enrollment, tmp_path: Path, faces: Embeddings
) -> None:
    assert [entry.person_id for entry in gallery.log()] == ["ada"] * 3
    before = gallery.log()
    gallery.enroll("bob", faces[1])
    gallery.delete_person("ada")

    entries = gallery.log()

    assert [(entry.change, entry.person_id, entry.face_id) for entry in entries] == [
        ("person.add", "", ""),
        ("face.add", "", ""),
        ("person.update", "", ""),
        ("person.add", "bob", ""),
        ("face.add", "bob", "face-1"),
        ("face.delete", "", ""),
        ("person.delete", "", ""),
    ]
    # The entries themselves have not changed, so that the chain still holds.
    assert [(e.chain, e.commitment, e.person_row) for e in entries[:3]] == [
        (e.chain, e.commitment, e.person_row) for e in before
    ]
    assert entries[1].commitment == entries[5].commitment
    assert check(tmp_path / "gallery").log_entries == 7


@in_a_folder
def test_a_reader_in_the_way_is_told_of_and_its_texts_go_later(
    gallery: EmbeddingGallery, store: SqliteStore, tmp_path: Path, faces: Embeddings
) -> None:
    folder = tmp_path / "gallery"
    gallery.enroll("idq-1", faces[0])
    with store._database.reading() as connection:
        connection.execute("SELECT * FROM persons").fetchone()
        assert gallery.delete_person("idq-1").texts_left
        assert b"idq-1" in bytes_in(folder)
    gallery.enroll("bob", faces[1])
    assert b"idq-1" not in bytes_in(folder)
