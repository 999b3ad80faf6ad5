"""A database goes through each step once, and an unknown future is refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery.migrations import (
    APPLICATION_ID,
    MIGRATIONS,
    migrate,
    schema,
    schema_expected,
)

LATER = (*MIGRATIONS, ("ALTER TABLE persons ADD COLUMN consent TEXT NOT NULL DEFAULT ''",))


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def test_a_new_database_gets_every_step_and_our_mark(connection: sqlite3.Connection) -> None:
    migrate(connection)

    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert schema(connection) == schema_expected()


def test_an_old_database_gets_only_the_steps_it_lacks(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO persons VALUES (1, 'ada', '', '{}', 0)")

    migrate(connection, LATER)
    migrate(connection, LATER)

    assert connection.execute("SELECT person_id, consent FROM persons").fetchall() == [("ada", "")]
    assert schema(connection) == schema_expected(LATER)


def test_a_newer_database_is_refused_with_both_formats(connection: sqlite3.Connection) -> None:
    migrate(connection, LATER)
    newer, known = len(LATER), len(MIGRATIONS)
    with pytest.raises(GalleryInvalid, match=f"format {newer}, this release reads up to {known}"):
        migrate(connection)
