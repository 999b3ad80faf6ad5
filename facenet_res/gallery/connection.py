"""What the code that reads and writes rows needs of a database, whichever it is.

SQL is written once, in SQLite's spelling. `sqlite3.Connection` fits as it is; what PostgreSQL
spells otherwise is replaced in `postgres_connection`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Cursor(Protocol):
    """Rows of a result."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left, one by one."""
        ...


class Connection(Protocol):
    """A connection in a transaction."""

    def execute(self, query: str, values: Sequence[Any] = (), /) -> Cursor:
        """Runs a statement with a value for each question mark."""
        ...

    def executemany(self, query: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Runs a statement for each row of values."""
        ...


class Database(Protocol):
    """Any number of threads read; see `SqliteDatabase` and `PostgresDatabase`."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for queries that see one state, the last commit."""
        ...

    def version(self) -> int:
        """A number that changes when another connection has committed."""
        ...
