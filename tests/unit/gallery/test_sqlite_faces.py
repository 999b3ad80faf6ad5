"""Embeddings are checked when read, wiped when deleted, and their place is used again."""

import numpy as np
import pytest

from facenet_res.core.errors import GalleryInvalid
from facenet_res.core.types import Embeddings
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import EnrolledFace, FaceRecord


def add(store: SqliteStore, embedding: object, face_id: str = "f") -> None:
    face = EnrolledFace(face_id, "ada", "", 0.0)
    store.add([FaceRecord(face, np.asarray(embedding, np.float32), "", {})], 10)


def slots(store: SqliteStore) -> list[tuple[int, bytes]]:
    with store._database.reading() as connection:
        return connection.execute("SELECT slot, embedding FROM embeddings").fetchall()


def test_an_embedding_lies_as_little_endian_float32(store: SqliteStore, faces: Embeddings) -> None:
    add(store, faces[0])
    assert slots(store) == [(1, faces[0].astype("<f4").tobytes())]


def test_a_deleted_embedding_is_zeros_until_the_next_takes_its_slot(
    store: SqliteStore, faces: Embeddings
) -> None:
    add(store, faces[0], "first")
    add(store, faces[1], "second")

    store.delete_face("first")
    assert slots(store) == [(1, bytes(32)), (2, faces[1].tobytes())]

    add(store, faces[2], "third")
    add(store, faces[3], "fourth")
    assert [slot for slot, _ in slots(store)] == [1, 2, 3]
    np.testing.assert_array_equal(store.embeddings_of("ada")[0], faces[1:4])


@pytest.mark.parametrize("damage", ["zeroblob(32)", "x'00'", "embedding || x'00000000'"])
def test_a_damaged_embedding_is_named_wherever_it_is_read(
    store: SqliteStore, faces: Embeddings, damage: str
) -> None:
    add(store, faces[0])
    with store._database.writing() as connection:
        connection.execute(f"UPDATE embeddings SET embedding = CAST({damage} AS BLOB)")  # noqa: S608

    for read in (
        lambda: store.embeddings_of("ada"),
        lambda: list(store.templates()),
        lambda: add(store, faces[0]),
    ):
        with pytest.raises(GalleryInvalid, match="embedding of face 'f' is damaged"):
            read()
