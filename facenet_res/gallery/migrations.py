"""The database's format, as the list of steps that leads to it.

A step is never edited once released, only added to the end. `user_version` counts the steps that
a file has been through. The SQL keeps to SQLite 3.31: no STRICT, no RETURNING.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from facenet_res.core.errors import GalleryInvalid

Step = tuple[str, ...]

APPLICATION_ID = 0x464E_5247
"""Marks the file as ours for `file` and for us: "FNRG"."""

MIGRATIONS: tuple[Step, ...] = (
    (
        """
        CREATE TABLE meta (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            model_id TEXT NOT NULL,
            embedding_dim INTEGER NOT NULL CHECK (embedding_dim >= 1),
            created_unix_s REAL NOT NULL
        )
        """,
        """
        CREATE TABLE persons (
            person_row INTEGER PRIMARY KEY AUTOINCREMENT,
            person_id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            metadata_json TEXT NOT NULL,
            created_unix_s REAL NOT NULL
        )
        """,
        # embedding: D float32, little-endian. A row of this table is never deleted, only set to
        # zeros and used again: see sqlite_store.py.
        """
        CREATE TABLE embeddings (
            slot INTEGER PRIMARY KEY,
            embedding BLOB NOT NULL CHECK (typeof(embedding) = 'blob')
        )
        """,
        "CREATE TABLE free_slots (slot INTEGER PRIMARY KEY REFERENCES embeddings (slot))",
        # AUTOINCREMENT: a number is never given to another face, for the index goes by it.
        # checksum: CRC-32 of the embedding's bytes, for SQLite keeps none.
        """
        CREATE TABLE faces (
            face_row INTEGER PRIMARY KEY AUTOINCREMENT,
            face_id TEXT NOT NULL UNIQUE,
            person_row INTEGER NOT NULL REFERENCES persons (person_row),
            source TEXT NOT NULL,
            enrolled_unix_s REAL NOT NULL,
            slot INTEGER NOT NULL UNIQUE REFERENCES embeddings (slot),
            checksum INTEGER NOT NULL
        )
        """,
        "CREATE INDEX faces_of_person ON faces (person_row)",
    ),
)


def schema(connection: sqlite3.Connection) -> set[str]:
    """The statements that made the database's tables and indexes."""
    made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {sql for (sql,) in made}


def schema_expected(steps: Sequence[Step] = MIGRATIONS) -> set[str]:
    """The schema of a database that has been through all steps."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        migrate(fresh, steps)
        return schema(fresh)


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = MIGRATIONS) -> None:
    """Takes the database through the steps it has not seen, inside the caller's transaction.

    Raises:
        GalleryInvalid: it has been through more steps than we know: a newer release made it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise GalleryInvalid(
            f"the gallery has format {version}, this release reads up to {len(steps)}"
        )
    if version == len(steps):
        return
    for step in steps[version:]:
        for statement in step:
            connection.execute(statement)
    # A pragma takes no parameters; both numbers are ours.
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
