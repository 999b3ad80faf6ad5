"""One SQLite file, opened so that a commit survives a power cut and a deletion leaves no bytes."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facenet_res.core.errors import GalleryExists, GalleryInvalid, GalleryLocked, ShuttingDown
from facenet_res.gallery.faults import sqlite_faults
from facenet_res.gallery.migrations import APPLICATION_ID, migrate, schema, schema_expected
from facenet_res.gallery.types import GalleryInfo

SETTINGS = (
    "journal_mode = WAL",
    # A commit returns when it is on the disk. With NORMAL, power cuts lose and resurrect faces.
    "synchronous = FULL",
    "secure_delete = ON",
    "foreign_keys = ON",
    # Nothing of a face in temporary files.
    "temp_store = MEMORY",
    # A foreign file may carry triggers and views: they get no rights.
    "trusted_schema = OFF",
)


class SqliteDatabase:
    """A single connection, used by one thread at a time.

    The connection keeps SQLite's own lock as long as it is open (`locking_mode = EXCLUSIVE`), so
    that not even the sqlite3 shell reads beside us: its open transaction would keep the log, and
    with it deleted bytes, from being cut.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        """Use `create` or `open`."""
        self._file = file
        self._connection = connection
        self._using = threading.Lock()
        self._is_open = True

    @classmethod
    def create(cls, file: Path, info: GalleryInfo) -> "SqliteDatabase":
        """Makes the file, or finishes what a process killed in mid-creation has begun.

        Raises:
            GalleryExists: a database with something in it stands there.
            GalleryLocked, GalleryInvalid, DiskFull: see `sqlite_faults`.
        """
        database = cls(file, _connect(file, "rwc"))
        with database._closed_on_error():
            with database.reading() as connection:
                if _number(connection, "application_id") or _tables(connection):
                    raise GalleryExists(f"there is something in {file} already")
                _settle(connection)
            with database.writing() as connection:
                migrate(connection)
                connection.execute(
                    "INSERT INTO meta VALUES (1, ?, ?, ?)",
                    (info.model_id, info.embedding_dim, info.created_unix_s),
                )
        return database

    @classmethod
    def open(cls, file: Path) -> "SqliteDatabase":
        """Opens the file, brings it to the present format and checks its structure.

        Raises:
            GalleryInvalid: it is damaged, another program's, unfinished, or of a newer format.
            GalleryLocked, DiskFull: see `sqlite_faults`.
        """
        database = cls(file, _connect(file, "rw"))
        with database._closed_on_error():
            with database.reading() as connection:
                _check_ours(file, connection)
                _settle(connection)
            with database.writing() as connection:
                migrate(connection)
                if schema(connection) != schema_expected():
                    raise GalleryInvalid(f"{file} is damaged: its tables are not the gallery's")
        return database

    def info(self) -> GalleryInfo:
        """What was written down at creation."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT model_id, embedding_dim, created_unix_s FROM meta"
            ).fetchone()
        if row is None:
            raise GalleryInvalid(f"{self._file} does not say which model it belongs to")
        return GalleryInfo(*row)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for a few queries, which see one state. Leave no cursor open."""
        with self._using, sqlite_faults(self._file):
            self._check_open()
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: on the disk when the block has ended, or undone if it raised."""
        with self._using, sqlite_faults(self._file):
            self._check_open()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # On some errors, a full disk among them, SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def empty_log(self) -> None:
        """Moves all commits from the log into the file and cuts the log to nothing.

        Raises:
            GalleryLocked: somebody still reads from the log.
        """
        with self.reading() as connection:
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise GalleryLocked(f"the log of {self._file} is being read and cannot be emptied")

    def rewrite(self) -> None:
        """Writes all of the file anew, without its unused parts."""
        with self.reading() as connection:
            connection.execute("VACUUM")

    def close(self) -> None:
        """Lets go of the file; SQLite empties and removes the log."""
        with self._using, sqlite_faults(self._file):
            self._is_open = False
            self._connection.close()

    def _check_open(self) -> None:
        if not self._is_open:
            raise ShuttingDown(f"{self._file} was closed")

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    with sqlite_faults(file):
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=0.0,
            # We begin and end transactions ourselves, and see to it that threads take turns.
            isolation_level=None,
            check_same_thread=False,
        )
        # Python's own way reports a damaged text as a failed statement.
        connection.text_factory = bytes.decode
        # Before the first look at the file, so that the log's index stays in our memory.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
        return connection


def _settle(connection: sqlite3.Connection) -> None:
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}").fetchall()


def _check_ours(file: Path, connection: sqlite3.Connection) -> None:
    application_id = _number(connection, "application_id")
    if not application_id and not _tables(connection):
        raise GalleryInvalid(f"{file} is empty: its creation was broken off; create it again")
    if application_id != APPLICATION_ID:
        raise GalleryInvalid(f"{file} belongs to another program (id {application_id:#x})")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        # A heading with the name SQLite has for the file, then the one fault that was asked for.
        raise GalleryInvalid(f"{file} is damaged: {verdict.splitlines()[-1]}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0])
