"""One gallery in a PostgreSQL database: connections that read and write, and are made again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from facenet_res.core.errors import (
    FileMissing,
    GalleryExists,
    GalleryInvalid,
    GalleryUnavailable,
    ShuttingDown,
)
from facenet_res.gallery.postgres_connection import PostgresConnection, spelled_table
from facenet_res.gallery.postgres_faults import postgres_faults
from facenet_res.gallery.postgres_place import PostgresPlace
from facenet_res.gallery.schema import FORMAT, TABLES

WAIT_S_MAX = 30.0
"""How long a call waits for a server that restarts or fails over."""
PAUSE_S = 0.1
MARK = "facenet-res gallery, format"

Raw = psycopg.Connection[tuple[Any, ...]]

# A process that stops in mid-transaction holds up all writers: the server ends it.
_SETTINGS = """
    SELECT set_config('search_path', %s, false),
        set_config('idle_in_transaction_session_timeout', '30s', false),
        set_config('lock_timeout', '60s', false),
        CASE WHEN current_setting('synchronous_commit') = 'off'
            THEN set_config('synchronous_commit', 'on', false) END
"""


class ConnectionLost(GalleryUnavailable):
    """The connection broke within a transaction, which is undone."""


class CommitUncertain(GalleryUnavailable):
    """The connection broke within a commit, which may be done or undone."""


class PostgresDatabase:
    """Readers see one state and wait for nobody; one transaction at a time writes."""

    def __init__(self, place: PostgresPlace, *, is_writable: bool) -> None:
        """Connects; see `create` and `open`."""
        self.place = place
        self._parameters = dict(place.parameters)
        if is_writable:
            # Of several hosts, the one that is the primary.
            self._parameters.setdefault("target_session_attrs", "read-write")
        self._idle: list[Raw] = []
        self._is_open = True
        with postgres_faults(place):
            self._idle.append(self._connect())

    @classmethod
    def create(
        cls, place: PostgresPlace, prepare: Callable[[PostgresConnection], None]
    ) -> "PostgresDatabase":
        """Makes the schema and its tables.

        Args:
            place: of the gallery.
            prepare: makes further tables and writes the first rows, in the same transaction.

        Raises:
            GalleryExists: there is a gallery of this name.
            GalleryUnavailable, NotWritable: see `postgres_faults`.
        """
        database = cls(place, is_writable=True)
        with database._closed_on_error(), database.writing() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(?))", (place.gallery,))
            if _mark(connection, place) is not None:
                raise GalleryExists(
                    f"a gallery exists at {place} already; open it, or name another"
                )
            raw = connection.raw
            raw.execute(f"CREATE SCHEMA IF NOT EXISTS {place.gallery}".encode())
            for table in TABLES:
                raw.execute(spelled_table(table))
            raw.execute(f"COMMENT ON TABLE meta IS '{MARK} {FORMAT}'".encode())
            prepare(connection)
        return database

    @classmethod
    def open(cls, place: PostgresPlace, *, is_writable: bool) -> "PostgresDatabase":
        """Connects and checks that it is a gallery.

        Raises:
            FileMissing: there is none.
            GalleryInvalid: it is of another format.
            GalleryUnavailable: see `postgres_faults`.
        """
        database = cls(place, is_writable=is_writable)
        with database._closed_on_error(), database.reading() as connection:
            mark = _mark(connection, place)
            if mark is None:
                raise FileMissing(f"there is no gallery at {place}")
            if mark != f"{MARK} {FORMAT}":
                raise GalleryInvalid(
                    f"{place} is of {mark!r}, this version of facenet-res reads format {FORMAT}"
                )
        return database

    @contextmanager
    def reading(self) -> Iterator[PostgresConnection]:
        """A connection for queries that see one state, the last commit."""
        raw, _ = self._begun("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with self._in_use(raw):
            yield PostgresConnection(raw)

    @contextmanager
    def writing(self) -> Iterator[PostgresConnection]:
        """A transaction: durable when the block has ended, or undone if it raised.

        Raises:
            ConnectionLost: it is undone.
            CommitUncertain: it is not known whether it is.
            GalleryUnavailable: there was no connection to begin it.
        """
        raw, _ = self._begun("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        try:
            with self._in_use(raw):
                connection = PostgresConnection(raw)
                yield connection
                connection.flush()
                try:
                    raw.execute("COMMIT")
                except psycopg.OperationalError as error:
                    raise CommitUncertain(f"{self.place}: a commit broke off: {error}") from error
        except CommitUncertain:
            raise
        except GalleryUnavailable as error:
            raise ConnectionLost(str(error)) from error

    def version(self) -> int:
        """The position of the log; each commit of anybody raises it."""
        raw, found = self._begun("SELECT position FROM progress")
        with self._in_use(raw):
            return int(found.fetchall()[0][0])

    def vacuum(self) -> None:
        """Rewrites all tables without their unused parts; nobody reads them meanwhile."""
        raw = self._connect()
        try:
            with postgres_faults(self.place):
                for name in ("persons", "faces", "requests", "vectors", "crops", "log"):
                    raw.execute(f"VACUUM FULL {name}".encode())
        finally:
            raw.close()

    def close(self) -> None:
        """Closes the connections; those in use are closed when they are given back."""
        self._is_open = False
        self._close_idle()

    @contextmanager
    def _in_use(self, raw: Raw) -> Iterator[None]:
        """Gives the connection back in the end, without a transaction."""
        try:
            with postgres_faults(self.place):
                yield
        finally:
            if raw.info.transaction_status != TransactionStatus.IDLE:
                with suppress(psycopg.Error):
                    raw.execute("ROLLBACK")
            if raw.closed or raw.broken or not self._is_open:
                raw.close()
            else:
                self._idle.append(raw)

    def _begun(self, statement: str) -> tuple[Raw, psycopg.Cursor[tuple[Any, ...]]]:
        """A connection on which the statement was run; waits for a server that is away."""
        limit = time.monotonic() + WAIT_S_MAX
        while True:
            if not self._is_open:
                raise ShuttingDown(f"{self.place} was closed")
            raw = None
            try:
                with postgres_faults(self.place):
                    raw = self._taken() or self._connect()
                    return raw, raw.execute(statement.encode())
            except GalleryUnavailable:
                if raw is not None:
                    raw.close()
                # Those that are idle have met the same end.
                self._close_idle()
                if time.monotonic() > limit:
                    raise
                time.sleep(PAUSE_S)
            except BaseException:
                if raw is not None:
                    raw.close()
                raise

    def _taken(self) -> Raw | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self) -> Raw:
        raw = psycopg.connect(**self._parameters, autocommit=True)  # type: ignore[arg-type]
        try:
            raw.execute(_SETTINGS, [self.place.gallery])
        except BaseException:
            raw.close()
            raise
        return raw

    def _close_idle(self) -> None:
        while raw := self._taken():
            raw.close()

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise


def _mark(connection: PostgresConnection, place: PostgresPlace) -> str | None:
    """What the gallery says of itself; None where there is none."""
    query = "SELECT obj_description(to_regclass(?)::oid, 'pg_class')"
    ((found,),) = connection.execute(query, (f"{place.gallery}.meta",)).fetchall()
    return None if found is None else str(found)
