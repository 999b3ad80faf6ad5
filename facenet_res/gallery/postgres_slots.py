"""Embeddings and crops by slot: tables in PostgreSQL, and all embeddings once more in memory."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.gallery.checksums import WORD_BYTES
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.postgres_connection import PostgresConnection
from facenet_res.gallery.schema import IN_NUMBERS
from facenet_res.gallery.slots import Words, slot_bytes_of

VECTORS, CROPS = "vectors", "crops"
SLOTS_MIN = 1024
IN_LINE_BYTES_MAX = 7000
"""A larger value does not fit into a page beside its row's head."""
COPY_HEAD_BYTES = 19
ROWS_AT_ONCE = 8192


def make_slot_tables(connection: PostgresConnection, vector_bytes: int) -> None:
    """Makes the tables. Embeddings are kept in line, as they do not compress and are read whole."""
    for table in (VECTORS, CROPS):
        connection.execute(
            f"CREATE TABLE {table} (slot BIGINT PRIMARY KEY, content BYTEA NOT NULL)"
        )
    is_in_line = slot_bytes_of(vector_bytes) <= IN_LINE_BYTES_MAX
    for table, storage in ((VECTORS, "PLAIN" if is_in_line else "EXTERNAL"), (CROPS, "EXTERNAL")):
        connection.execute(f"ALTER TABLE {table} ALTER COLUMN content SET STORAGE {storage}")


def all_contents(
    connection: PostgresConnection, table: str, content_bytes: int
) -> Iterator[tuple[NDArray[np.int64], Words]]:
    """The contents of all slots, some thousand at once.

    Source:
        PostgreSQL's documentation of COPY, "Binary Format": a head, and for each row the
        number of columns, and for each column its length and value, big-endian.
    """
    slot_bytes = slot_bytes_of(content_bytes)
    row = np.dtype(
        [
            ("columns", ">i2"),
            ("slot_length", ">i4"),
            ("slot", ">i8"),
            ("length", ">i4"),
            ("content", np.uint8, slot_bytes),
        ]
    )
    query = f"COPY (SELECT slot, content FROM {table}) TO STDOUT (FORMAT BINARY)"  # noqa: S608
    pending = bytearray()
    with connection.raw.cursor() as cursor, cursor.copy(query.encode()) as blocks:
        is_first = True
        for block in blocks:
            pending += block
            if is_first and len(pending) >= COPY_HEAD_BYTES:
                del pending[:COPY_HEAD_BYTES]
                is_first = False
            if len(pending) >= ROWS_AT_ONCE * row.itemsize:
                yield _rows(pending, row)
    yield _rows(pending, row)


class SlotTable:
    """One of the tables as a transaction sees it: `Slots`."""

    def __init__(self, connection: Connection, table: str, content_bytes: int) -> None:
        """Takes a connection in a transaction."""
        self._connection = connection
        self._table = table
        self._slot_words = slot_bytes_of(content_bytes) // WORD_BYTES
        self.written: list[tuple[NDArray[np.int64], Words]] = []

    def write(self, slots: NDArray[np.int64], words: Words) -> None:
        """Writes into free slots."""
        rows = [(slot, row.tobytes()) for slot, row in zip(slots.tolist(), words, strict=True)]
        self._connection.executemany(f"INSERT INTO {self._table} VALUES (?, ?)", rows)  # noqa: S608
        self.written.append((slots, words))

    def read(self, slots: NDArray[np.int64]) -> Words:
        """A copy of some slots; zeros where one is free."""
        query = f"SELECT slot, content FROM {self._table} WHERE slot {IN_NUMBERS}"  # noqa: S608
        rows = self._connection.execute(query, (json.dumps(slots.tolist()),)).fetchall()
        contents = dict(rows)
        free = bytes(self._slot_words * WORD_BYTES)
        joined = b"".join(contents.get(slot, free) for slot in slots.tolist())
        return np.frombuffer(joined, np.uint64).reshape(len(slots), self._slot_words)

    def delete(self, slots: list[int]) -> None:
        """Deletes the contents of slots."""
        query = f"DELETE FROM {self._table} WHERE slot {IN_NUMBERS}"  # noqa: S608
        self._connection.execute(query, (json.dumps(slots),))


class MemorySlots:
    """All embeddings in memory. One thread writes; any number read."""

    def __init__(self, content_bytes: int) -> None:
        """Begins empty."""
        self._words: Words = np.zeros((0, slot_bytes_of(content_bytes) // WORD_BYTES), np.uint64)

    @property
    def words(self) -> Words:
        """uint64[S, W], all slots; a view stays valid when they become more."""
        return self._words

    def write(self, slots: NDArray[np.int64], words: Words) -> None:
        """Writes into slots."""
        if len(slots):
            self._grow(int(slots.max()) + 1)
            self._words[slots] = words

    def read(self, slots: NDArray[np.int64]) -> Words:
        """A copy of some slots; zeros where one was never written."""
        words = self._words
        found: Words = np.zeros((len(slots), words.shape[1]), np.uint64)
        is_held = slots < len(words)
        found[is_held] = words[slots[is_held]]
        return found

    def wipe(self, slots: NDArray[np.int64]) -> None:
        """Overwrites slots with zeros."""
        self._words[slots] = 0

    def _grow(self, slots: int) -> None:
        held = self._words
        if slots > len(held):
            # Pages of zeros take no memory before they are written to.
            wider = np.zeros((max(SLOTS_MIN, slots, 2 * len(held)), held.shape[1]), np.uint64)
            wider[: len(held)] = held
            self._words = wider


def _rows(pending: bytearray, row: np.dtype[Any]) -> tuple[NDArray[np.int64], Words]:
    """Takes the whole rows off the front."""
    count = len(pending) // row.itemsize
    rows = np.frombuffer(bytes(pending[: count * row.itemsize]), row)
    del pending[: count * row.itemsize]
    return rows["slot"].astype(np.int64), np.ascontiguousarray(rows["content"]).view(np.uint64)
