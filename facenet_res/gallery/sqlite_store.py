"""The gallery's truth: SQLite for people, faces and log, slot files for embeddings and crops."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DiskFull
from facenet_res.core.files import file_sha256
from facenet_res.gallery import checking
from facenet_res.gallery.commits import Committer
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.database_store import CROP_BYTES, DatabaseStore, Readable
from facenet_res.gallery.folder import (
    CROPS_NAME,
    DATABASE_NAME,
    HEAD_NAME,
    SNAPSHOT_NAME,
    VECTORS_NAME,
    Ballast,
    find_database,
    lock_folder,
    make_folder,
    make_other_files,
    make_private_file,
)
from facenet_res.gallery.following import Follower
from facenet_res.gallery.head import Head, HeadFile
from facenet_res.gallery.slots import Fill, SlotFile
from facenet_res.gallery.sqlite_database import SqliteDatabase
from facenet_res.gallery.table import FaceTable, Snapshot, save_snapshot
from facenet_res.gallery.types import (
    GalleryInfo,
)
from facenet_res.gallery.writer import GroupWriter

BALLAST_BYTES = 16 << 20


class SqliteStore(DatabaseStore):
    """A `Store` in a folder of this machine: one process writes, any number read.

    Use `create` or `open`, and `close` it.
    """

    def __init__(self, path: Path, database: SqliteDatabase, *, is_writable: bool) -> None:
        """Takes over the database; `create` and `open` do this."""
        with database.reading() as connection:
            super().__init__(checking.read_info(connection))
        vector_bytes = self.info.embedding_dim * 4
        self._database: SqliteDatabase = database
        self._vectors = SlotFile(path / VECTORS_NAME, vector_bytes, is_writable=is_writable)
        self._crops = SlotFile(
            path / CROPS_NAME, CROP_BYTES, is_writable=is_writable, is_mapped=False
        )
        self._table = FaceTable()
        self._follower: Follower | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        info: GalleryInfo,
        *,
        ballast_bytes: int = BALLAST_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> "SqliteStore":
        """Makes a store in a folder, which is made if it is not there.

        Args:
            path: the folder.
            info: what the gallery is to be.
            ballast_bytes: disk space kept for deletions on a full disk; 0 for none.
            clock: seconds since 1970.

        Raises:
            GalleryExists: a store is there already.
            GalleryLocked: another process is at it.
            GalleryInvalid: the path is a file, or something else stands in the database's place.
            DiskFull, NotWritable: it cannot be written.
        """
        cls.make(path, info.embedding_dim * 4, lambda one, *_: checking.write_info(one, info))
        return cls.open(path, ballast_bytes=ballast_bytes, clock=clock)

    @classmethod
    def make(cls, path: Path, vector_bytes: int, fill: Fill) -> None:
        """Makes the files of a store and fills them; see `create`."""
        make_folder(path)
        file = path / DATABASE_NAME
        with ExitStack() as holding:
            holding.callback(lock_folder(path).release)
            make_private_file(file)

            def prepare(connection: sqlite3.Connection) -> None:
                make_other_files(path)
                vectors = SlotFile(path / VECTORS_NAME, vector_bytes, is_writable=True)
                crops = SlotFile(path / CROPS_NAME, CROP_BYTES, is_writable=True, is_mapped=False)
                head = HeadFile(path / HEAD_NAME, is_writable=True)
                with closing(vectors), closing(crops), closing(head):
                    fill(connection, vectors, crops)
                    progress = checking.read_progress(connection)
                    head.write(Head(progress.position, bytes.fromhex(progress.chain)))
                    for written in (vectors, crops, head):
                        written.flush()

            holding.callback(SqliteDatabase.create(file, prepare).close)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        ballast_bytes: int = BALLAST_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> "SqliteStore":
        """Opens the store in a folder, to read and write.

        Raises:
            FileMissing: there is none.
            GalleryLocked: another process writes to it.
            GalleryInvalid: it is damaged, foreign, or of another format.
            DiskFull: the lock cannot be written.
        """
        ballast = Ballast(path, ballast_bytes)
        try:
            return cls._open(path, ballast, clock)
        except DiskFull:
            # Opening needs some space too; without it nobody could be deleted.
            if not ballast.release():
                raise
        return cls._open(path, ballast, clock)

    @classmethod
    def _open(cls, path: Path, ballast: Ballast, clock: Callable[[], float]) -> "SqliteStore":
        file = find_database(path)
        with ExitStack() as holding:
            holding.callback(lock_folder(path).release)
            snapshot = checking.intact_snapshot(path)
            database = SqliteDatabase.open(file)
            holding.callback(database.close)
            if snapshot is None:
                database.suspect_all_pages()
            store = cls(path, database, is_writable=True)
            known = HeadFile.read_from(path / HEAD_NAME)
            store._table, progress = checking.load(database, snapshot, known)
            to_wipe = checking.check_vectors(store._table, store._vectors)
            head = HeadFile(path / HEAD_NAME, is_writable=True)
            for held in (head, store._vectors, store._crops):
                holding.callback(held.close)
            committer = Committer(
                database,
                (store._vectors, store._crops),
                head,
                store._table,
                progress,
                (ballast, clock),
            )
            committer.wipe(to_wipe)
            (path / SNAPSHOT_NAME).unlink(missing_ok=True)
            while committer.sweep():
                pass
            ballast.fill()
            store._writer = GroupWriter(
                f"gallery {path.name}", committer.commit, committer.idle, committer.sweep
            )
            holding.callback(lambda: store._end(path, committer))
            store._holding = holding.pop_all()
        return store

    @classmethod
    def open_reading(cls, path: Path) -> "SqliteStore":
        """Opens the store to read, beside a process that writes or from a read-only disk.

        Raises FileMissing and GalleryInvalid as `open` does.
        """
        file = find_database(path)
        with ExitStack() as holding:
            # Before the database: the writer may go on in between.
            known = HeadFile.read_from(path / HEAD_NAME)
            snapshot = checking.intact_snapshot(path)
            database = SqliteDatabase.open_reading(file)
            holding.callback(database.close)
            store = cls(path, database, is_writable=False)
            table, progress = checking.load(database, snapshot, known)
            store._follower = Follower(database, table, progress.position)
            store._table = table
            store._follower.check(store._vectors)
            for held in (store._vectors, store._crops):
                holding.callback(held.close)
            store._holding = holding.pop_all()
        return store

    def refresh(self) -> None:
        """Follows what the writing process has committed since; see `Store.refresh`."""
        if self._follower is not None:
            self._follower.follow()
            self._vectors.remap()

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32[S, D], the contents of all slots."""
        return self._vectors.words.view("<f4")[:, : self.info.embedding_dim]

    def check_structure(self) -> None:
        """See `DatabaseStore.check_structure`."""
        self._database.check_structure()

    def compact(self) -> None:
        """Rewrites the database without its unused parts; needs as much free disk again."""
        self._database.rewrite()
        self._database.empty_log()

    def _contents(self, connection: Connection) -> tuple[Readable, Readable]:
        """See `DatabaseStore`: files beside the database."""
        return self._vectors, self._crops

    def _end(self, path: Path, committer: Committer) -> None:
        if self._writer is not None:
            self._writer.close()
        is_clean = False
        with suppress(DiskFull):
            # What stays in the log is found there by the next opening.
            committer.idle()
            is_clean = self._database.empty_log()
        self._database.close()
        if not is_clean:
            return
        progress = committer.progress
        sha256 = file_sha256(path / DATABASE_NAME)
        snapshot = Snapshot(progress.position, progress.chain, sha256, self._table)
        save_snapshot(path / SNAPSHOT_NAME, snapshot)
