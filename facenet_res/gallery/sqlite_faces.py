"""Reads, writes and wipes faces and their embeddings in the database.

Embeddings lie in slots, rows of one fixed size that are never deleted: a deletion overwrites the
slot with zeros, in place, and the next enrolment uses it again. For where rows are deleted, SQLite
merges pages and moves their neighbours, and `secure_delete` does not clear what a move leaves
behind in the unused part of a page: a neighbour deleted later would survive there.
"""

import sqlite3
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, FaceExists, GalleryInvalid
from facenet_res.core.types import Embeddings
from facenet_res.gallery.sqlite_people import write_person
from facenet_res.gallery.types import EnrolledFace, FaceRecord, Owner, StoredFace, Templates

SAME_FACE_SIMILARITY = 0.999
"""A retry embeds the same crop again, maybe in another batch: the last bits may differ."""

FLOAT = np.dtype("<f4")

StoredEmbedding = tuple[str, int, bytes]
"""A face's id, the checksum kept for its embedding, and the embedding's bytes."""


def add_face(
    connection: sqlite3.Connection, record: FaceRecord, faces_per_person_max: int
) -> StoredFace:
    """Writes one face, unless it is there already.

    Raises:
        FaceExists: its id is taken by another face.
        ArgumentInvalid: the person would have more faces than allowed.
    """
    face = record.face
    known = connection.execute(
        """
        SELECT face_row, person_id, source, enrolled_unix_s, checksum, embedding
        FROM faces JOIN persons USING (person_row) JOIN embeddings USING (slot) WHERE face_id = ?
        """,
        (face.face_id,),
    ).fetchone()
    if known is not None:
        return _retried(known, record)
    person_row = write_person(connection, record)
    _check_room(connection, person_row, face.person_id, faces_per_person_max)
    content = record.embedding.astype(FLOAT).tobytes()
    cursor = connection.execute(
        """
        INSERT INTO faces (face_id, person_row, source, enrolled_unix_s, slot, checksum)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
        (
            face.face_id,
            person_row,
            face.source,
            face.enrolled_unix_s,
            _fill_slot(connection, content),
            zlib.crc32(content),
        ),
    )
    return StoredFace(_row_written(cursor), face)


def wipe_faces(connection: sqlite3.Connection, face_rows: Sequence[int]) -> None:
    """Overwrites the embeddings of these faces with zeros and deletes the rest of them."""
    for face_row in face_rows:
        (slot,) = connection.execute(
            "SELECT slot FROM faces WHERE face_row = ?", (face_row,)
        ).fetchone()
        connection.execute(
            "UPDATE embeddings SET embedding = zeroblob(length(embedding)) WHERE slot = ?", (slot,)
        )
        connection.execute("DELETE FROM faces WHERE face_row = ?", (face_row,))
        connection.execute("INSERT INTO free_slots (slot) VALUES (?)", (slot,))


def read_embeddings(
    connection: sqlite3.Connection, person_row: int, embedding_dim: int
) -> tuple[Embeddings, tuple[str, ...]]:
    """A person's embeddings, float32[F, D], with their faces' ids, in order of enrolment.

    Raises:
        GalleryInvalid: one of them is damaged.
    """
    stored = connection.execute(
        """
        SELECT face_id, checksum, embedding FROM faces JOIN embeddings USING (slot)
        WHERE person_row = ? ORDER BY face_row
        """,
        (person_row,),
    ).fetchall()
    return _checked(stored, embedding_dim), tuple(face_id for face_id, _, _ in stored)


def read_templates(
    connection: sqlite3.Connection, after_row: int, faces_max: int, embedding_dim: int
) -> Templates:
    """The next faces after a row number, with their embeddings and owners.

    Raises:
        GalleryInvalid: an embedding is damaged.
    """
    stored = connection.execute(
        """
        SELECT face_row, person_id, face_id, checksum, embedding
        FROM faces JOIN persons USING (person_row) JOIN embeddings USING (slot)
        WHERE face_row > ? ORDER BY face_row LIMIT ?
        """,
        (after_row, faces_max),
    ).fetchall()
    return Templates(
        np.array([face_row for face_row, *_ in stored], np.int64),
        _checked([row[2:] for row in stored], embedding_dim),
        tuple(Owner(person_id, face_id) for _, person_id, face_id, _, _ in stored),
    )


def _retried(known: tuple[int, str, str, float, int, bytes], record: FaceRecord) -> StoredFace:
    """The face that the first try enrolled, if this is a retry of it."""
    face_row, person_id, source, enrolled_unix_s, checksum, content = known
    wanted = record.face
    if person_id != wanted.person_id:
        raise FaceExists(
            f"face {wanted.face_id!r} belongs to {person_id!r}, not to {wanted.person_id!r}"
        )
    stored = _checked([(wanted.face_id, checksum, content)], len(record.embedding))[0]
    similarity = float(stored @ record.embedding)
    if similarity < SAME_FACE_SIMILARITY:
        raise FaceExists(
            f"face {wanted.face_id!r} of {person_id!r} is another picture: similarity "
            f"{similarity:.4f}, a retry has at least {SAME_FACE_SIMILARITY}"
        )
    return StoredFace(face_row, EnrolledFace(wanted.face_id, person_id, source, enrolled_unix_s))


def _check_room(
    connection: sqlite3.Connection, person_row: int, person_id: str, faces_per_person_max: int
) -> None:
    (faces,) = connection.execute(
        "SELECT COUNT(*) FROM faces WHERE person_row = ?", (person_row,)
    ).fetchone()
    if faces >= faces_per_person_max:
        raise ArgumentInvalid(f"{person_id!r} has {faces} faces, limit is {faces_per_person_max}")


def _fill_slot(connection: sqlite3.Connection, content: bytes) -> int:
    """Puts an embedding's bytes into a slot that was wiped, or into a new one at the end."""
    (slot,) = connection.execute("SELECT MIN(slot) FROM free_slots").fetchone()
    if slot is None:
        return _row_written(
            connection.execute("INSERT INTO embeddings (embedding) VALUES (?)", (content,))
        )
    connection.execute("DELETE FROM free_slots WHERE slot = ?", (slot,))
    connection.execute("UPDATE embeddings SET embedding = ? WHERE slot = ?", (content, slot))
    return int(slot)


def _row_written(cursor: sqlite3.Cursor) -> int:
    return int(cursor.lastrowid or 0)


def _checked(stored: Sequence[StoredEmbedding], embedding_dim: int) -> Embeddings:
    """Bytes to float32[B, D], if each has the right length and checksum."""
    for face_id, checksum, content in stored:
        if len(content) != embedding_dim * FLOAT.itemsize or zlib.crc32(content) != checksum:
            raise GalleryInvalid(f"the embedding of face {face_id!r} is damaged")
    joined = b"".join(content for _, _, content in stored)
    values: NDArray[np.float32] = np.frombuffer(joined, FLOAT).astype(np.float32, copy=False)
    return values.reshape(len(stored), embedding_dim)
