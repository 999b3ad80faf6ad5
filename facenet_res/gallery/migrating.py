"""A gallery copied from a folder into PostgreSQL, or back, row by row.

Ids, times, metadata, row numbers, the audit log with its chain, answers to repeat, embeddings and
crops are those of the source. Every row and content is checked as it is read, and the whole copy
once more.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery import checking
from facenet_res.gallery.checksums import vector_sums
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.database_store import Readable
from facenet_res.gallery.full_check import CheckReport, check
from facenet_res.gallery.opening import Place, is_url, make_store, open_store
from facenet_res.gallery.records import (
    FaceRow,
    MetaRow,
    PersonRow,
    Progress,
    RequestRow,
    opened,
)
from facenet_res.gallery.slots import Slots

ROWS_AT_ONCE = 10_000
FACES_AT_ONCE = 256


def migrate(source: Place, target: Place) -> CheckReport:
    """Copies a gallery into a new place and checks the copy.

    A folder is locked meanwhile; of a database it copies the state at the beginning. So that
    nothing is lost, end the servers of the source first.

    Raises:
        FileMissing, GalleryLocked, GalleryUnavailable: the source.
        GalleryExists: there is a gallery at the target.
        GalleryInvalid: the source is damaged; then no target is made.
        DiskFull, NotWritable: the target cannot be written.
    """
    with (
        closing(open_store(source, read_only=is_url(source))) as store,
        store.truth() as (connection, contents),
    ):

        def fill(copy: Connection, vectors: Slots, crops: Slots) -> None:
            _copy(connection, contents, copy, (vectors, crops))

        make_store(target, store.info.embedding_dim * 4, fill)
    return check(target)


def _copy(
    source: Connection,
    contents: tuple[Readable, Readable],
    target: Connection,
    copies: tuple[Slots, Slots],
) -> None:
    tables = (
        ("meta", "id", MetaRow),
        ("persons", "person_row", PersonRow),
        ("faces", "face_row", FaceRow),
        ("log", "position", None),
        ("requests", "request_id", RequestRow),
        ("progress", "id", Progress),
    )
    for table, key, kind in tables:
        for rows in _pages(source, table, key):
            values = ", ".join("?" * len(rows[0]))
            target.executemany(f"INSERT INTO {table} VALUES ({values})", rows)  # noqa: S608
            if kind is not None:
                for row in rows:
                    opened(kind, row)
            if kind is FaceRow:
                for begin in range(0, len(rows), FACES_AT_ONCE):
                    faces = [FaceRow(*row[:-1]) for row in rows[begin : begin + FACES_AT_ONCE]]
                    _copy_contents(faces, contents, copies)
    checking.read_table(target, checking.read_progress(target))


def _pages(source: Connection, table: str, key: str) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table in the order of its key, a limited number at once."""
    query = f"SELECT * FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"  # noqa: S608
    last: Any = "" if key == "request_id" else 0
    while rows := source.execute(query, (last, ROWS_AT_ONCE)).fetchall():
        yield rows
        last = rows[-1][0]


def _copy_contents(
    faces: Sequence[FaceRow], contents: tuple[Readable, Readable], copies: tuple[Slots, Slots]
) -> None:
    for kept, copy, column in zip(contents, copies, ("vector_sum", "crop_sum"), strict=True):
        wanted = [face for face in faces if getattr(face, column)]
        slots = np.array([face.slot for face in wanted], np.int64)
        words = kept.read(slots)
        for face, found in zip(wanted, vector_sums(words).tolist(), strict=True):
            if found != getattr(face, column):
                raise GalleryInvalid(f"the {column[:-4]} of face {face.face_id!r} is damaged")
        copy.write(slots, words)
