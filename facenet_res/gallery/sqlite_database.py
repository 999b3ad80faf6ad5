"""One SQLite file: a connection that writes, and as many that read as there are threads reading."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facenet_res.core.errors import GalleryExists, GalleryInvalid, ShuttingDown
from facenet_res.core.files import write_fault
from facenet_res.gallery.faults import sqlite_faults
from facenet_res.gallery.schema import (
    APPLICATION_ID,
    FORMAT,
    make_tables,
    schema_expected,
    schema_of,
)
from facenet_res.gallery.slack import pages_in_log, pages_of, wipe_slack

SETTINGS = (
    # A commit returns when it is on the disk. With NORMAL, power cuts lose and resurrect faces.
    "synchronous = FULL",
    "secure_delete = ON",
    "foreign_keys = ON",
    # We say when the log is emptied, since we look at its pages before.
    "wal_autocheckpoint = 0",
    # Nothing of a face in temporary files.
    "temp_store = MEMORY",
    # A foreign file may carry triggers and views: they get no rights.
    "trusted_schema = OFF",
)
WAIT_S_MAX = 5.0
READER_WAIT_S = 1.0
LOG_BYTES_MAX = 4 << 20


class SqliteDatabase:
    """Readers see the last commit and wait for nobody; one thread at a time writes.

    Write-ahead logging allows reading processes beside the writing one.
    """

    def __init__(self, file: Path, mode: str) -> None:
        """Connects; see `create` and `open`."""
        self._file = file
        self._mode = mode
        self._writer = _connect(file, mode)
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._is_open = True
        self._log = file.with_name(f"{file.name}-wal")
        # Pages that may hold copies of deleted texts; None for all of them.
        self._unwiped: set[int] | None = set()
        self._descriptor: int | None = None

    @classmethod
    def create(cls, file: Path, prepare: Callable[[sqlite3.Connection], None]) -> "SqliteDatabase":
        """Makes the tables, or finishes what a process killed in mid-creation has begun.

        Args:
            file: the database.
            prepare: writes the first rows, in the same transaction.

        Raises:
            GalleryExists: a database with something in it stands there.
            GalleryLocked, GalleryInvalid, DiskFull: see `sqlite_faults`.
        """
        database = cls(file, "rwc")
        with database._closed_on_error():
            with sqlite_faults(file):
                if _number(database._writer, "application_id") or schema_of(database._writer):
                    raise GalleryExists(
                        f"a gallery exists at {file} already; open it, or name another folder"
                    )
                database._writer.execute("PRAGMA journal_mode = WAL").fetchone()
                _settle(database._writer)
            with database.writing() as connection:
                make_tables(connection)
                prepare(connection)
        return database

    @classmethod
    def open(cls, file: Path, mode: str = "rw") -> "SqliteDatabase":
        """Opens the file in one of SQLite's modes and checks that it is a gallery's.

        Raises:
            GalleryInvalid: it is damaged, another program's, unfinished, or of another format.
            GalleryLocked, DiskFull: see `sqlite_faults`.
        """
        database = cls(file, mode)
        with database._closed_on_error(), sqlite_faults(file):
            _check_ours(file, database._writer)
            _settle(database._writer)
        return database

    @classmethod
    def open_reading(cls, file: Path) -> "SqliteDatabase":
        """Opens the file to read, on a read-only disk too; see `open`."""
        log = file.with_name(f"{file.name}-wal")
        # Where no shared memory can be made, SQLite must be told that nobody writes.
        is_immutable = not os.access(file.parent, os.W_OK) and not log.exists()
        return cls.open(file, "ro&immutable=1" if is_immutable else "ro")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries that see one state, the last commit."""
        with sqlite_faults(self._file):
            self._check_open()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = _connect(self._file, self._read_mode)
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._idle.append(connection)
                if not self._is_open:
                    self._close_idle()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: on the disk when the block has ended, or undone if it raised."""
        with self._writing, sqlite_faults(self._file):
            self._check_open()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                # On some errors, a full disk among them, SQLite has rolled back by itself.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def version(self) -> int:
        """A number that changes when another connection has committed."""
        with self._writing, sqlite_faults(self._file):
            self._check_open()
            return _number(self._writer, "data_version")

    def check_structure(self) -> None:
        """Checks pages, tables and indexes against each other.

        Raises:
            GalleryInvalid: they disagree.
        """
        with self.reading() as connection:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            # A heading with the name SQLite has for the file, then the one fault asked for.
            raise GalleryInvalid(f"{self._file} is damaged: {verdict.splitlines()[-1]}")

    def empty_log(self, wait_s: float = READER_WAIT_S) -> bool:
        """Moves all commits into the file, and leaves no byte there or in the log of what is gone.

        Returns:
            False where a reader kept the log in use for longer than `wait_s`.
        """
        with self._writing, sqlite_faults(self._file):
            self._check_open()
            self._note_pages()
            self._set_wait(wait_s)
            try:
                (is_busy, _, _) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._set_wait(WAIT_S_MAX)
            if is_busy:
                return False
            self._wipe_slack()
        return True

    def trim_log(self) -> None:
        """Moves commits into the file where the log has grown long; waits for no reader."""
        with suppress(FileNotFoundError):
            if self._log.stat().st_size > LOG_BYTES_MAX:
                with self._writing, sqlite_faults(self._file):
                    self._check_open()
                    self._note_pages()
                    self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def suspect_all_pages(self) -> None:
        """Has the next emptying of the log look at all pages: what was written is not known."""
        self._unwiped = None

    def rewrite(self) -> None:
        """Writes all of the file anew, without its unused parts."""
        with self._writing, sqlite_faults(self._file):
            self._check_open()
            self._writer.execute("VACUUM")

    def copy_to(self, file: Path) -> None:
        """Copies the last commit into a new file, while others read and write."""
        with self.reading() as connection, sqlite_faults(file):
            connection.execute("COMMIT")
            target = sqlite3.connect(file, isolation_level=None)
            try:
                connection.backup(target)
            finally:
                target.close()

    def close(self) -> None:
        """Closes the connections; the last to close empties and removes the log."""
        with self._writing, sqlite_faults(self._file):
            self._is_open = False
            self._close_idle()
            self._writer.close()
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    @property
    def _read_mode(self) -> str:
        return self._mode if self._mode.startswith("ro") else "ro"

    def _set_wait(self, wait_s: float) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {int(1000 * wait_s)}").fetchall()

    def _note_pages(self) -> None:
        if self._unwiped is not None:
            self._unwiped |= pages_in_log(self._log)

    def _wipe_slack(self) -> None:
        try:
            if self._descriptor is None:
                # Kept: closing it gives up the locks that this process has on the file.
                self._descriptor = os.open(self._file, os.O_RDWR)
            pages = pages_of(self._descriptor) if self._unwiped is None else self._unwiped
            if wipe_slack(self._descriptor, pages):
                # SQLite would write its own copies of these pages again.
                self._writer.execute("PRAGMA shrink_memory").fetchall()
        except OSError as error:
            raise write_fault(self._file, error) from error
        self._unwiped = set()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

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
            timeout=WAIT_S_MAX,
            # We begin and end transactions ourselves, and see to it that threads take turns.
            isolation_level=None,
            check_same_thread=False,
        )
        # Python's own way reports a damaged text as a failed statement.
        connection.text_factory = bytes.decode
        return connection


def _settle(connection: sqlite3.Connection) -> None:
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}").fetchall()


def _check_ours(file: Path, connection: sqlite3.Connection) -> None:
    application_id = _number(connection, "application_id")
    found = schema_of(connection)
    if not application_id and not found:
        raise GalleryInvalid(f"{file} is empty: its creation was broken off; create it again")
    if application_id != APPLICATION_ID:
        raise GalleryInvalid(f"{file} belongs to another program (id {application_id:#x})")
    version = _number(connection, "user_version")
    if version != FORMAT:
        raise GalleryInvalid(
            f"{file} has format {version}, this version of facenet-res reads {FORMAT}; "
            "enrol the people into a new gallery"
        )
    if found != schema_expected():
        raise GalleryInvalid(f"{file} is damaged: its tables are not the gallery's")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
