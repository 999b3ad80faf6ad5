"""What is checked when a gallery is opened, so that damage is found before it makes an answer.

After a clean close the database must have the SHA-256 that the snapshot names; else its pages,
indexes and rows are all checked. Embeddings are checked each time. The head file tells of commits
that were acknowledged and are missing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid
from facenet_res.core.files import file_sha256
from facenet_res.gallery.checksums import add_checksums, new_salt
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.folder import DATABASE_NAME, SNAPSHOT_NAME
from facenet_res.gallery.head import Head
from facenet_res.gallery.records import FaceRow, MetaRow, PersonRow, Progress, opened, sealed
from facenet_res.gallery.schema import FACE_COLUMNS, PERSON_COLUMNS
from facenet_res.gallery.slots import SlotFile
from facenet_res.gallery.sqlite_database import SqliteDatabase
from facenet_res.gallery.table import FaceTable, Snapshot, load_snapshot
from facenet_res.gallery.types import GalleryInfo

ROWS_AT_ONCE = 10_000


def intact_snapshot(path: Path) -> Snapshot | None:
    """The snapshot of a gallery that was closed cleanly and not touched since, or None.

    To be called before the database is opened.
    """
    database = path / DATABASE_NAME
    log = database.with_name(f"{DATABASE_NAME}-wal")
    if log.exists() and log.stat().st_size:
        return None
    snapshot = load_snapshot(path / SNAPSHOT_NAME)
    if snapshot is None or snapshot.database_sha256 != file_sha256(database):
        return None
    return snapshot


def read_info(connection: Connection) -> GalleryInfo:
    """What was written down at creation."""
    row = connection.execute("SELECT * FROM meta").fetchone()
    if row is None:
        raise GalleryInvalid("the gallery does not say which model it belongs to")
    meta = opened(MetaRow, row)
    return GalleryInfo(meta.model_id, meta.embedding_dim, meta.created_unix_s)


def write_info(connection: Connection, info: GalleryInfo) -> None:
    """Writes what a new gallery is, and that nothing has happened yet."""
    meta = MetaRow(1, info.model_id, info.embedding_dim, info.created_unix_s, new_salt())
    connection.execute("INSERT INTO meta VALUES (?, ?, ?, ?, ?, ?)", sealed(meta))
    connection.execute("INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, ?)", sealed(Progress()))


def load(
    database: SqliteDatabase, snapshot: Snapshot | None, head: Head
) -> tuple[FaceTable, Progress]:
    """The table and the progress of a gallery, checked.

    Args:
        database: open.
        snapshot: from `intact_snapshot`.
        head: last acknowledged position.

    Raises:
        GalleryInvalid: anything is damaged or missing.
    """
    if snapshot is None:
        database.check_structure()
    with database.reading() as connection:
        progress = read_progress(connection)
        check_head(connection, head, progress)
        if snapshot is not None and snapshot.position == progress.position:
            return snapshot.table, progress
        return read_table(connection, progress), progress


def read_progress(connection: Connection) -> Progress:
    """Where the log ends; the log must agree."""
    row = connection.execute("SELECT * FROM progress").fetchone()
    if row is None:
        raise GalleryInvalid("the gallery is damaged: its progress is missing")
    progress = opened(Progress, row)
    last = connection.execute("SELECT MAX(position) FROM log").fetchone()[0] or 0
    if last != progress.position:
        raise GalleryInvalid("the gallery is damaged: entries of its log are missing")
    check_head(connection, Head(progress.position, bytes.fromhex(progress.chain)), progress)
    return progress


def check_head(connection: Connection, head: Head, progress: Progress) -> None:
    """Checks that the log reaches the head and is the log that the head belongs to.

    Raises:
        GalleryInvalid: acknowledged changes are missing, or the files are of two galleries.
    """
    if head.position > progress.position:
        raise GalleryInvalid(
            f"{head.position - progress.position} acknowledged changes of the gallery are missing: "
            "its write-ahead log was deleted or damaged; restore a backup"
        )
    if head.position == 0:
        return
    if _chain_at(connection, head.position) != head.chain.hex():
        raise GalleryInvalid("the gallery's head file and its log do not belong together")


def read_table(connection: Connection, progress: Progress) -> FaceTable:
    """Reads and checks every person and face.

    Raises:
        GalleryInvalid: a row is damaged, missing or of another time.
    """
    total, persons = 0, set()
    for columns in _rows(connection, PERSON_COLUMNS, "persons"):
        persons.add(opened(PersonRow, columns).person_row)
        total = add_checksums(total, columns[-1])
    rows: list[tuple[int, int, int, int]] = []
    for columns in _rows(connection, FACE_COLUMNS, "faces"):
        face = opened(FaceRow, columns)
        if face.person_row not in persons:
            raise GalleryInvalid(f"the gallery is damaged: face {face.face_id!r} has no person")
        rows.append((face.slot, face.face_row, face.person_row, face.vector_sum))
        total = add_checksums(total, columns[-1])
    if total != progress.checksums:
        raise GalleryInvalid("the gallery is damaged: rows are missing, or of another time")
    table = FaceTable.of(np.array(rows, np.int64).reshape(-1, 4))
    if table.faces != len(rows):
        raise GalleryInvalid("the gallery is damaged: two faces have one slot")
    return table


def wrong_slots(table: FaceTable, vectors: SlotFile) -> NDArray[np.int64]:
    """The slots whose contents are not what the table says, free ones that are not wiped too."""
    found, wanted = vectors.all_sums(), table.sums()
    slots = max(len(found), len(wanted))
    found, wanted = (np.pad(sums, (0, slots - len(sums))) for sums in (found, wanted))
    return np.flatnonzero(found != wanted)


def check_vectors(table: FaceTable, vectors: SlotFile) -> NDArray[np.int64]:
    """Checks every face's embedding; the free slots that have to be wiped.

    Raises:
        GalleryInvalid: an embedding is damaged.
    """
    wrong = wrong_slots(table, vectors)
    damaged = np.intersect1d(wrong, table.used_slots())
    if len(damaged):
        raise GalleryInvalid(
            f"{len(damaged)} embeddings of the gallery are damaged (checksum mismatch, first in "
            f"slot {damaged[0]}); restore a backup"
        )
    return wrong


def _chain_at(connection: Connection, position: int) -> str | None:
    found = connection.execute("SELECT chain FROM log WHERE position = ?", (position,)).fetchone()
    return None if found is None else str(found[0])


def _rows(connection: Connection, columns: str, table: str) -> Iterator[tuple[Any, ...]]:
    """All rows in the order of their numbers, the first column, a limited number at once."""
    number = columns.partition(",")[0]
    query = f"SELECT {columns} FROM {table} WHERE {number} > ? ORDER BY {number} LIMIT ?"  # noqa: S608
    after = 0
    while batch := connection.execute(query, (after, ROWS_AT_ONCE)).fetchall():
        yield from batch
        after = batch[-1][0]
