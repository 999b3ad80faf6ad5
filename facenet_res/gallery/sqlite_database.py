"""One SQLite file: a connection that writes, and as many that read as there are threads reading."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from facenet_res.core.errors import GalleryExists, GalleryInvalid, ShuttingDown
from facenet_res.core.files import write_fault
from facenet_res.gallery.faults import sqlite_faults
from facenet_res.gallery.schema import (
    make_tables,
    schema_of,
)
from facenet_res.gallery.slack import pages_in_log, pages_of, wipe_slack
from facenet_res.gallery.sqlite_connection import (
    UNCHANGING,
    WAIT_S_MAX,
    check_ours,
    connect,
    log_of,
    number_of,
    reading_mode,
    settle,
    state_of,
)

READER_WAIT_S = 1.0
LOG_BYTES_MAX = 4 << 20
VERSIONS = 1 << 40


class SqliteDatabase:
    """Readers see the last commit and wait for nobody; one thread at a time writes.

    Write-ahead logging allows reading processes beside the writing one.
    """

    def __init__(self, file: Path, mode: str) -> None:
        """Connects; see `create` and `open`."""
        self._file = file
        self._mode = mode
        self._state, self._reopened = state_of(file), 0
        self._writer = connect(file, mode)
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._is_open = True
        self._log = log_of(file)
        self._trim_at_bytes = LOG_BYTES_MAX
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
                if number_of(database._writer, "application_id") or schema_of(database._writer):
                    raise GalleryExists(
                        f"a gallery exists at {file} already; open it, or name another folder"
                    )
                database._writer.execute("PRAGMA journal_mode = WAL").fetchone()
                settle(database._writer)
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
            check_ours(file, database._writer)
            settle(database._writer)
        return database

    @classmethod
    def open_reading(cls, file: Path) -> "SqliteDatabase":
        """Opens the file to read, on a read-only disk too; see `open`."""
        return cls.open(file, reading_mode(file))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries that see one state, the last commit."""
        with sqlite_faults(self._file):
            self._check_open()
            self._follow_mode()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = connect(self._file, self._read_mode)
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
        self._follow_mode()
        with self._writing, sqlite_faults(self._file):
            self._check_open()
            return number_of(self._writer, "data_version") + self._reopened * VERSIONS

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
        """Empties the log where it has grown long; waits for no reader."""
        try:
            size_bytes = self._log.stat().st_size
        except FileNotFoundError:
            return
        if size_bytes > self._trim_at_bytes:
            is_emptied = self.empty_log(wait_s=0.0)
            # Where a reader is in the way, not again before it has grown by as much.
            self._trim_at_bytes = LOG_BYTES_MAX + (0 if is_emptied else size_bytes)

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

    def _follow_mode(self) -> None:
        """Connects again where SQLite was told that nobody writes, and somebody does or did."""
        if self._mode != UNCHANGING or self._state == state_of(self._file):
            return
        with self._writing, sqlite_faults(self._file):
            self._state, self._mode = state_of(self._file), reading_mode(self._file)
            self._reopened += 1
            self._close_idle()
            self._writer.close()
            self._writer = connect(self._file, self._mode)
            settle(self._writer)

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
