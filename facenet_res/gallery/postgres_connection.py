"""A connection to PostgreSQL that takes the SQL that is written for both databases."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import psycopg

from facenet_res.gallery.schema import HAS_METADATA, IN_NUMBERS, IN_TEXTS

SPELLINGS = (
    (IN_NUMBERS, "= ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint)) "),
    (IN_TEXTS, "IN (SELECT json_array_elements_text(?::json)) "),
    (HAS_METADATA, "metadata::jsonb @> ?::jsonb"),
)
TYPES = (
    (" INTEGER", " BIGINT"),
    (" REAL", " DOUBLE PRECISION"),
    # Code point order, as in SQLite.
    (" TEXT", ' TEXT COLLATE "C"'),
    (" WITHOUT ROWID", ""),
)


@lru_cache
def spelled(query: str) -> bytes:
    """A query in PostgreSQL's spelling, with psycopg's placeholders."""
    for shared, ours in SPELLINGS:
        query = query.replace(shared, ours)
    return query.replace("?", "%s").encode("utf-8")


def spelled_table(statement: str) -> bytes:
    """A CREATE statement in PostgreSQL's spelling."""
    for shared, ours in TYPES:
        statement = statement.replace(shared, ours)
    return statement.encode("utf-8")


class PostgresConnection:
    """A `Connection`; `raw` is psycopg's, which commits by itself outside of BEGIN and COMMIT."""

    def __init__(self, raw: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Takes an open connection."""
        self.raw = raw

    def execute(self, query: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        """Runs a statement with a value for each question mark."""
        # Binary: a float comes back as the bits that were stored.
        return self.raw.execute(spelled(query), values, binary=True)

    def executemany(self, query: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Runs a statement for each row of values, all in one round trip."""
        with self.raw.cursor() as cursor:
            cursor.executemany(spelled(query), rows)
