"""The gallery's truth in one SQLite file: write-ahead log, FULL synchronous, a single writer."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from facenet_res.core.errors import DiskFull, UnknownFace
from facenet_res.core.types import Embeddings
from facenet_res.gallery.folder import (
    DATABASE_NAME,
    Ballast,
    find_database,
    lock_folder,
    make_folder,
    make_private_file,
    sync_folder,
)
from facenet_res.gallery.sqlite_database import SqliteDatabase
from facenet_res.gallery.sqlite_faces import (
    add_face,
    read_embeddings,
    read_templates,
    wipe_faces,
)
from facenet_res.gallery.sqlite_people import find_person, read_people, read_person
from facenet_res.gallery.types import (
    Counts,
    DeletedRows,
    FaceRecord,
    GalleryInfo,
    Person,
    StoredFace,
    Templates,
)

BALLAST_BYTES = 16 << 20
TEMPLATES_PER_BATCH = 8192


class SqliteStore:
    """A `Store` in a folder that this process holds alone.

    Use `create` or `open`, and `close` it.
    """

    def __init__(
        self, database: SqliteDatabase, info: GalleryInfo, ballast: Ballast, holding: ExitStack
    ) -> None:
        """Takes over the database and what holds its folder; `create` and `open` do this."""
        self._database = database
        self._info = info
        self._ballast = ballast
        self._holding = holding
        ballast.fill()

    @classmethod
    def create(
        cls, path: Path, info: GalleryInfo, ballast_bytes: int = BALLAST_BYTES
    ) -> "SqliteStore":
        """Makes a store in a folder, which is made if it is not there.

        Args:
            path: the folder.
            info: what the gallery is to be.
            ballast_bytes: disk space kept for deletions on a full disk; 0 for none.

        Raises:
            GalleryExists: a store is there already.
            GalleryLocked: another process is at it.
            GalleryInvalid: the path is a file, or something else stands where the database is to
                be.
            DiskFull: nothing can be written there.
        """
        make_folder(path)
        with ExitStack() as holding:
            holding.callback(lock_folder(path).release)
            make_private_file(path / DATABASE_NAME)
            database = SqliteDatabase.create(path / DATABASE_NAME, info)
            holding.callback(database.close)
            # The file is on the disk; that it and its folder have names must be as well.
            sync_folder(path)
            sync_folder(path.absolute().parent)
            return cls(database, info, Ballast(path, ballast_bytes), holding.pop_all())

    @classmethod
    def open(cls, path: Path, ballast_bytes: int = BALLAST_BYTES) -> "SqliteStore":
        """Opens the store in a folder.

        Raises:
            FileMissing: there is none.
            GalleryLocked: another process has it open.
            GalleryInvalid: it is damaged, foreign, or of a newer format.
            DiskFull: not even the lock can be written.
        """
        file = find_database(path)
        with ExitStack() as holding:
            holding.callback(lock_folder(path).release)
            database = SqliteDatabase.open(file)
            holding.callback(database.close)
            # What a crash kept from being purged is purged now; on a full disk, later.
            with suppress(DiskFull):
                database.empty_log()
            info = database.info()
            return cls(database, info, Ballast(path, ballast_bytes), holding.pop_all())

    @property
    def info(self) -> GalleryInfo:
        """What was written down at creation."""
        return self._info

    def add(self, records: Sequence[FaceRecord], faces_per_person_max: int) -> list[StoredFace]:
        """Writes all of them, or none; see `Store.add`."""
        with self._database.writing() as connection:
            return [add_face(connection, record, faces_per_person_max) for record in records]

    def person(self, person_id: str) -> Person:
        """One person with all faces; UnknownPerson where there is none."""
        with self._database.reading() as connection:
            return read_person(connection, person_id)

    def people(self, page_size: int, after: str) -> list[Person]:
        """The next persons by id, after the given one."""
        with self._database.reading() as connection:
            return read_people(connection, page_size, after)

    def embeddings_of(self, person_id: str) -> tuple[Embeddings, tuple[str, ...]]:
        """A person's embeddings, float32[F, D], and face ids; UnknownPerson where there is none."""
        with self._database.reading() as connection:
            person_row = find_person(connection, person_id)
            return read_embeddings(connection, person_row, self._info.embedding_dim)

    def templates(self) -> Iterator[Templates]:
        """Every face, in batches, in order of enrolment."""
        after_row = 0
        while True:
            with self._database.reading() as connection:
                batch = read_templates(
                    connection, after_row, TEMPLATES_PER_BATCH, self._info.embedding_dim
                )
            if not batch.owners:
                return
            yield batch
            after_row = int(batch.rows[-1])

    def delete_person(self, person_id: str) -> DeletedRows:
        """Deletes the person and all their faces; UnknownPerson where there is none."""
        try:
            return self._delete_person(person_id)
        except DiskFull:
            self._ballast.release()
            return self._delete_person(person_id)

    def delete_face(self, face_id: str) -> DeletedRows:
        """Deletes one face; UnknownFace where there is none."""
        try:
            return self._delete_face(face_id)
        except DiskFull:
            self._ballast.release()
            return self._delete_face(face_id)

    def purge(self) -> None:
        """Leaves no deleted embedding in the files; DiskFull where that has to wait."""
        try:
            self._database.empty_log()
        except DiskFull:
            self._ballast.release()
            self._database.empty_log()
        self._ballast.fill()

    def compact(self) -> None:
        """Rewrites the file without its unused parts; needs as much free disk again."""
        self._database.rewrite()
        self.purge()

    def counts(self) -> Counts:
        """How many persons and faces there are."""
        with self._database.reading() as connection:
            return Counts(
                *connection.execute(
                    "SELECT (SELECT COUNT(*) FROM persons), (SELECT COUNT(*) FROM faces)"
                ).fetchone()
            )

    def close(self) -> None:
        """Lets go of the files; calling it twice is fine."""
        self._holding.close()

    def _delete_person(self, person_id: str) -> DeletedRows:
        with self._database.writing() as connection:
            person_row = find_person(connection, person_id)
            listed = connection.execute(
                "SELECT face_row FROM faces WHERE person_row = ?", (person_row,)
            )
            face_rows = tuple(face_row for (face_row,) in listed)
            wipe_faces(connection, face_rows)
            connection.execute("DELETE FROM persons WHERE person_row = ?", (person_row,))
        with self._database.reading() as connection:
            (rows_left,) = connection.execute(
                """
                SELECT (SELECT COUNT(*) FROM persons WHERE person_row = :row)
                     + (SELECT COUNT(*) FROM faces WHERE person_row = :row)
                """,
                {"row": person_row},
            ).fetchone()
        return DeletedRows(person_id, face_rows, rows_left)

    def _delete_face(self, face_id: str) -> DeletedRows:
        with self._database.writing() as connection:
            found = connection.execute(
                "SELECT face_row, person_id FROM faces JOIN persons USING (person_row) "
                "WHERE face_id = ?",
                (face_id,),
            ).fetchone()
            if found is None:
                raise UnknownFace(f"the gallery has no face {face_id!r}")
            face_row, person_id = found
            wipe_faces(connection, (face_row,))
        with self._database.reading() as connection:
            (rows_left,) = connection.execute(
                "SELECT COUNT(*) FROM faces WHERE face_row = ?", (face_row,)
            ).fetchone()
        return DeletedRows(person_id, (face_row,), rows_left)
