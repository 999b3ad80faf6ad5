"""The gallery's truth: SQLite for people, faces and log, slot files for embeddings and crops."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DiskFull, GalleryInvalid, NotWritable
from facenet_res.core.files import file_sha256
from facenet_res.core.types import FACE_SIDE_PX, Image
from facenet_res.gallery import checking, views
from facenet_res.gallery.changes import Answer, Change
from facenet_res.gallery.checksums import vector_sums
from facenet_res.gallery.commits import Committer
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
    make_private_file,
    sync_folder,
)
from facenet_res.gallery.following import Follower
from facenet_res.gallery.head import HeadFile
from facenet_res.gallery.records import FaceRow, PersonRow
from facenet_res.gallery.slots import SlotFile
from facenet_res.gallery.sqlite_database import SqliteDatabase
from facenet_res.gallery.table import FaceTable, Snapshot, View, save_snapshot
from facenet_res.gallery.types import (
    Counts,
    GalleryInfo,
    Hit,
    LogEntry,
    Person,
    PersonFilter,
    Request,
)
from facenet_res.gallery.writer import GroupWriter, Job

BALLAST_BYTES = 16 << 20
CROP_BYTES = FACE_SIDE_PX * FACE_SIDE_PX * 3


class SqliteStore:
    """A `Store` in a folder of this machine: one process writes, any number read.

    Use `create` or `open`, and `close` it.
    """

    def __init__(self, path: Path, database: SqliteDatabase, *, is_writable: bool) -> None:
        """Takes over the database; `create` and `open` do this."""
        self._database = database
        with database.reading() as connection:
            self.info: GalleryInfo = checking.read_info(connection)
        vector_bytes = self.info.embedding_dim * 4
        self._vectors = SlotFile(path / VECTORS_NAME, vector_bytes, is_writable=is_writable)
        self._crops = SlotFile(
            path / CROPS_NAME, CROP_BYTES, is_writable=is_writable, is_mapped=False
        )
        self._table = FaceTable()
        self._holding = ExitStack()
        self._writer: GroupWriter | None = None
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
        make_folder(path)
        file = path / DATABASE_NAME
        with ExitStack() as holding:
            holding.callback(lock_folder(path).release)
            make_private_file(file)
            database = SqliteDatabase.create(file, lambda one: checking.write_info(one, info))
            holding.callback(database.close)
            HeadFile.create(path / HEAD_NAME)
            for folder in (path, path.absolute().parent):
                sync_folder(folder)
        return cls.open(path, ballast_bytes=ballast_bytes, clock=clock)

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
        file = find_database(path)
        with ExitStack() as holding:
            holding.callback(lock_folder(path).release)
            snapshot = checking.intact_snapshot(path)
            database = SqliteDatabase.open(file)
            holding.callback(database.close)
            store = cls(path, database, is_writable=True)
            known = HeadFile.read_from(path / HEAD_NAME)
            store._table, progress = checking.load(database, snapshot, known)
            to_wipe = checking.check_vectors(store._table, store._vectors)
            head = HeadFile(path / HEAD_NAME, is_writable=True)
            ballast = Ballast(path, ballast_bytes)
            committer = Committer(
                database,
                (store._vectors, store._crops),
                head,
                store._table,
                progress,
                (ballast, clock),
            )
            committer.wipe(to_wipe)
            committer.sweep()
            ballast.fill()
            for held in (head, store._vectors, store._crops):
                holding.callback(held.close)
            store._writer = GroupWriter(
                f"gallery {path.name}", committer.commit, committer.idle, committer.sweep
            )
            holding.callback(lambda: store._end(path, committer))
            store._holding = holding.pop_all()
        return store

    @classmethod
    def open_reading(cls, path: Path) -> "SqliteStore":
        """Opens the store to read, beside a process that writes or from a read-only disk.

        Raises:
            FileMissing: there is none.
            GalleryInvalid: it is damaged, foreign, or of another format.
        """
        file = find_database(path)
        with ExitStack() as holding:
            # Before the database: the writer may go on in between.
            known = HeadFile.read_from(path / HEAD_NAME)
            snapshot = checking.intact_snapshot(path)
            database = SqliteDatabase.open_reading(file)
            holding.callback(database.close)
            store = cls(path, database, is_writable=False)
            store._follower = Follower(database, snapshot, known)
            store._table = store._follower.table
            store._follower.check(store._vectors)
            for held in (store._vectors, store._crops):
                holding.callback(held.close)
            store._holding = holding.pop_all()
        return store

    def change(
        self,
        change: Change[Answer],
        *,
        request: Request | None = None,
        is_deletion: bool = False,
    ) -> Answer:
        """Has a change made; its answer, when it is on the disk. See `Store.change`."""
        if self._writer is None:
            raise NotWritable("the gallery was opened to read only")
        answer: Answer = self._writer.run(Job(change, request, is_deletion))
        return answer

    def refresh(self) -> None:
        """Follows what the writing process has committed since; see `Store.refresh`."""
        if self._follower is not None:
            self._follower.follow()
            self._vectors.remap()

    def view(self) -> View:
        """Which slot is whose; see `Store.view`."""
        return self._table.view()

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32[S, D], the contents of all slots."""
        return self._vectors.words.view("<f4")[:, : self.info.embedding_dim]

    def hits(self, slots: NDArray[np.int64]) -> dict[int, Hit]:
        """The faces in some slots, as the truth has them now; see `Store.hits`."""
        face_rows = self._table.view().face_rows[slots]
        with self._database.reading() as connection:
            faces = views.read_faces(connection, "face_row", face_rows.tolist())
            owners = {face.person_row for face in faces}
            persons = {row.person_row: row for row in views.read_persons(connection, owners)}
            return self._checked(faces, persons)

    def hits_of(self, person_id: str) -> list[Hit]:
        """A person's faces; UnknownPerson where there is none."""
        with self._database.reading() as connection:
            person = views.find_person(connection, person_id)
            faces = views.read_faces_of(connection, person.person_row)
            return list(self._checked(faces, {person.person_row: person}).values())

    def person(self, person_id: str) -> Person:
        """One person with all faces; UnknownPerson where there is none."""
        with self._database.reading() as connection:
            return views.read_person(connection, person_id)

    def crop(self, face_id: str) -> Image:
        """A face's aligned crop; UnknownFace where there is none."""
        with self._database.reading() as connection:
            face = views.find_face_with_crop(connection, face_id)
            words = self._crops.read(np.array([face.slot], np.int64))
        if int(vector_sums(words)[0]) != face.crop_sum:
            raise GalleryInvalid(f"the crop of face {face_id!r} is damaged")
        content = words.view(np.uint8)[0, :CROP_BYTES]
        return content.reshape(FACE_SIDE_PX, FACE_SIDE_PX, 3)

    def people(self, page_size: int, after: str, where: PersonFilter) -> list[Person]:
        """The next persons by id, after the given id."""
        with self._database.reading() as connection:
            return views.read_people(connection, page_size, after, where)

    def rows_of_people(self, where: PersonFilter) -> NDArray[np.int64]:
        """See `Store.rows_of_people`."""
        with self._database.reading() as connection:
            return np.array(views.rows_of_people(connection, where), np.int64)

    def counts(self) -> Counts:
        """How many persons and faces there are."""
        with self._database.reading() as connection:
            return views.read_counts(connection)

    def log(self, after: int, entries_max: int) -> list[LogEntry]:
        """The next entries of the log, after a position."""
        with self._database.reading() as connection:
            return views.read_entries(connection, after, entries_max)

    def compact(self) -> None:
        """Rewrites the database without its unused parts; needs as much free disk again."""
        self._database.rewrite()
        self._database.empty_log()

    def close(self) -> None:
        """Closes the files; calling it twice is fine."""
        self._holding.close()

    def _checked(self, faces: list[FaceRow], persons: dict[int, PersonRow]) -> dict[int, Hit]:
        """Faces with their embeddings, by slot, without those deleted in the meantime."""
        words = self._vectors.read(np.array([face.slot for face in faces], np.int64))
        sums = vector_sums(words).tolist()
        vectors = words.view("<f4")[:, : self.info.embedding_dim]
        found: dict[int, Hit] = {}
        for face, vector, vector_sum in zip(faces, vectors, sums, strict=True):
            if face.person_row not in persons:
                raise GalleryInvalid(f"the gallery is damaged: face {face.face_id!r} has no person")
            if vector_sum == face.vector_sum:
                found[face.slot] = views.to_hit(face, persons[face.person_row], vector)
            else:
                self._check_deleted(face)
        return found

    def _check_deleted(self, face: FaceRow) -> None:
        """Checks that a face whose slot holds something else was deleted in the meantime."""
        with self._database.reading() as connection:
            if views.read_faces(connection, "face_row", [face.face_row]) == [face]:
                raise GalleryInvalid(f"the embedding of face {face.face_id!r} is damaged")

    def _end(self, path: Path, committer: Committer) -> None:
        if self._writer is not None:
            self._writer.close()
        with suppress(DiskFull):
            # What stays in the log is found there by the next opening.
            committer.idle()
            self._database.empty_log()
        self._database.close()
        progress = committer.progress
        sha256 = file_sha256(path / DATABASE_NAME)
        snapshot = Snapshot(progress.position, progress.chain, sha256, self._table)
        save_snapshot(path / SNAPSHOT_NAME, snapshot)
