"""A gallery's truth in PostgreSQL: any number of processes on any number of machines share it.

Each process has a replica in memory that it searches, and follows the log with each call; what a
search finds is checked in the truth. There is no file: a process may end at any time, and another
take its place.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from facenet_res.gallery import checking
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.database_store import CROP_BYTES, DatabaseStore, Readable
from facenet_res.gallery.postgres_commits import PostgresCommitter
from facenet_res.gallery.postgres_connection import PostgresConnection
from facenet_res.gallery.postgres_database import PostgresDatabase
from facenet_res.gallery.postgres_place import PostgresPlace
from facenet_res.gallery.postgres_replica import Replica
from facenet_res.gallery.postgres_slots import CROPS, VECTORS, SlotTable, make_slot_tables
from facenet_res.gallery.slots import Fill
from facenet_res.gallery.types import Counts, GalleryInfo
from facenet_res.gallery.writer import GroupWriter


class PostgresStore(DatabaseStore):
    """A `Store` in a PostgreSQL database; every process may write.

    Use `create` or `open`, and `close` it.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        """Takes over the database and reads the gallery; `create` and `open` do this."""
        with database.reading() as connection:
            super().__init__(checking.read_info(connection))
        self._vector_bytes = self.info.embedding_dim * 4
        self._database: PostgresDatabase = database
        self._replica = Replica(database, self._vector_bytes)
        self._table = self._replica.table

    @classmethod
    def create(
        cls,
        place: PostgresPlace,
        info: GalleryInfo,
        *,
        clock: Callable[[], float] = time.time,
    ) -> "PostgresStore":
        """Makes a gallery in a database that is there.

        Raises:
            GalleryExists: there is a gallery of this name.
            GalleryUnavailable, NotWritable, FileMissing: see `postgres_faults`.
        """
        cls.make(place, info.embedding_dim * 4, lambda one, *_: checking.write_info(one, info))
        return cls.open(place, clock=clock)

    @classmethod
    def make(cls, place: PostgresPlace, vector_bytes: int, fill: Fill) -> None:
        """Makes the tables of a store and fills them, all or nothing; see `create`."""

        def prepare(connection: PostgresConnection) -> None:
            make_slot_tables(connection, vector_bytes)
            vectors = SlotTable(connection, VECTORS, vector_bytes)
            fill(connection, vectors, SlotTable(connection, CROPS, CROP_BYTES))

        PostgresDatabase.create(place, prepare).close()

    @classmethod
    def open(
        cls, place: PostgresPlace, *, clock: Callable[[], float] = time.time
    ) -> "PostgresStore":
        """Opens a gallery to read and write, beside any number of others.

        Raises:
            FileMissing: there is none.
            GalleryInvalid: it is damaged, or of another format.
            GalleryUnavailable: the server does not answer.
        """
        with ExitStack() as holding:
            store = cls._opened(place, holding, is_writable=True)
            committer = PostgresCommitter(
                store._database, store._replica, store._vector_bytes, clock
            )
            while committer.sweep():
                pass
            writer = GroupWriter(
                f"gallery {place.gallery}", committer.commit, committer.idle, committer.sweep
            )
            holding.callback(writer.close)
            store._writer = writer
            store._holding = holding.pop_all()
        return store

    @classmethod
    def open_reading(cls, place: PostgresPlace) -> "PostgresStore":
        """Opens a gallery to read, on the primary or on a standby; see `open`."""
        with ExitStack() as holding:
            store = cls._opened(place, holding, is_writable=False)
            store._holding = holding.pop_all()
        return store

    def refresh(self) -> None:
        """Follows what anybody has committed before this call; see `Store.refresh`."""
        self._replica.follow()

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32[S, D], the embeddings in memory."""
        return self._replica.memory.words.view("<f4")[:, : self.info.embedding_dim]

    def counts(self) -> Counts:
        """How many persons and faces there are."""
        self._replica.follow()
        return self._replica.counts()

    def position(self) -> int:
        """Where the log ends, as far as this process has followed it."""
        return self._replica.position

    def compact(self) -> None:
        """Rewrites the tables without their unused parts; others wait meanwhile."""
        self._database.vacuum()

    @classmethod
    def _opened(
        cls, place: PostgresPlace, holding: ExitStack, *, is_writable: bool
    ) -> "PostgresStore":
        database = PostgresDatabase.open(place, is_writable=is_writable)
        holding.callback(database.close)
        return cls(database)

    def _contents(self, connection: Connection) -> tuple[Readable, Readable]:
        """See `DatabaseStore`: tables of the database."""
        vectors = SlotTable(connection, VECTORS, self._vector_bytes)
        return vectors, SlotTable(connection, CROPS, CROP_BYTES)

    def _cached(self, connection: Connection) -> Readable:
        """See `DatabaseStore`: the replica."""
        return self._replica.memory
