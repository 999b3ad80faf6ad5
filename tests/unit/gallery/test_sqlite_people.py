"""Persons are read by the hundreds in two statements, whatever their ids hold."""

import numpy as np
import pytest

from facenet_res.core.errors import GalleryInvalid
from facenet_res.core.types import Embeddings
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import EnrolledFace, FaceRecord


def test_a_page_may_be_longer_than_sqlites_parameters(store: SqliteStore) -> None:
    face = np.eye(8, dtype=np.float32)[0]
    ids = [f"p{number:05}" for number in range(1500)]
    store.add([FaceRecord(EnrolledFace(one, one, "", 0.0), face, "", {}) for one in ids], 1)

    page = store.people(1500, "")

    assert [person.person_id for person in page] == ids
    assert all(person.faces[0].face_id == person.person_id for person in page)


def test_an_id_is_never_sql(store: SqliteStore, faces: Embeddings) -> None:
    person_id = "x'); DROP TABLE persons; --"
    store.add([FaceRecord(EnrolledFace("f", person_id, "", 0.0), faces[0], "", {})], 1)
    assert store.person(person_id).person_id == person_id
    assert store.people(1, "y' OR 'a' < 'b") == []


def test_damaged_texts_are_said_to_be_damaged(store: SqliteStore, faces: Embeddings) -> None:
    store.add([FaceRecord(EnrolledFace("f", "ada", "", 0.0), faces[0], "", {})], 1)
    for column, content in (("metadata_json", "'{'"), ("name", "CAST(x'ff' AS TEXT)")):
        with store._database.writing() as connection:
            connection.execute(f"UPDATE persons SET {column} = {content}")  # noqa: S608
        with pytest.raises(GalleryInvalid, match="damaged"):
            store.person("ada")
