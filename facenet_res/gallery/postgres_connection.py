"""A connection to PostgreSQL that takes the SQL that is written for both databases."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import psycopg

from facenet_res.gallery.connection import Cursor
from facenet_res.gallery.schema import HAS_METADATA, IN_NUMBERS, IN_TEXTS

KEPT_MAX = 512
"""Statements kept back at most; some hold a crop of 37 KB."""

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
    """A `Connection`; `raw` is psycopg's, which commits by itself outside of BEGIN and COMMIT.

    What returns no rows is kept back and sent together with the next query, so that it waits for
    no round trip of its own; where it fails, that query raises.
    """

    def __init__(self, raw: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Takes an open connection."""
        self.raw = raw
        self._kept: list[tuple[bytes, Sequence[Any]]] = []

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Cursor:
        """Runs a statement with a value for each question mark."""
        statement = spelled(query)
        if not query.lstrip().startswith("SELECT"):
            self._keep(statement, values)
            return _NO_ROWS
        if not self._kept:
            # Binary: a float comes back as the bits that were stored.
            return self.raw.execute(statement, values, binary=True)
        with self.raw.pipeline():
            self._send()
            return self.raw.execute(statement, values, binary=True)

    def executemany(self, query: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Runs a statement for each row of values."""
        statement = spelled(query)
        for row in rows:
            self._keep(statement, row)

    def flush(self) -> None:
        """Runs what was kept back."""
        if self._kept:
            with self.raw.pipeline():
                self._send()

    def _keep(self, statement: bytes, values: Sequence[Any]) -> None:
        self._kept.append((statement, values))
        if len(self._kept) >= KEPT_MAX:
            self.flush()

    def _send(self) -> None:
        kept, self._kept = self._kept, []
        for statement, values in kept:
            self.raw.execute(statement, values)


class _NoRows:
    """The rows of a statement that returns none."""

    def fetchone(self) -> Any:
        """None."""
        return None

    def fetchall(self) -> list[Any]:
        """None of them."""
        return []

    def __iter__(self) -> Iterator[Any]:
        """None of them."""
        return iter(())


_NO_ROWS = _NoRows()
