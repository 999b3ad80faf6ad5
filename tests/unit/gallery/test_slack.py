"""Bytes between a page's pointers and its cells are overwritten, and nothing else is."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from facenet_res.gallery.slack import pages_in_log, pages_of, wipe_slack

PAGE_BYTES = 4096
LEFT = b"a name that was moved"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with trees of several pages, overflow pages and free pages."""
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        rows = [(n, f"name {n} " + "x" * (n * 7 % 6000)) for n in range(300)]
        connection.executemany("INSERT INTO people VALUES (?, ?)", rows)
        connection.execute("DELETE FROM people WHERE id % 3 = 0")
    return file


@pytest.fixture
def descriptor(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def contents(file: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT id, name FROM people ORDER BY name").fetchall()
        return [(int(number), str(name)) for number, name in rows]


def test_what_was_left_goes_and_every_row_stays(file: Path, descriptor: int) -> None:
    before = contents(file)
    wipe_slack(descriptor, pages_of(descriptor))
    content = bytearray(file.read_bytes())
    planted = 0
    for start in range(0, len(content), PAGE_BYTES):
        header = start + (100 if start == 0 else 0)
        kind = content[header]
        if kind not in {2, 5, 10, 13}:
            continue
        cells = int.from_bytes(content[header + 3 : header + 5], "big")
        begin = header + (12 if kind in {2, 5} else 8) + 2 * cells
        end = start + int.from_bytes(content[header + 5 : header + 7], "big")
        if end - begin >= len(LEFT):
            content[end - len(LEFT) : end] = LEFT
            planted += 1
    assert planted > 10
    file.write_bytes(content)

    assert wipe_slack(descriptor, pages_of(descriptor)) == planted

    assert LEFT not in file.read_bytes()
    assert contents(file) == before
    assert wipe_slack(descriptor, pages_of(descriptor)) == 0


def test_the_pages_of_a_log_are_those_that_a_commit_has_written(file: Path) -> None:
    log = file.with_name("some.db-wal")
    assert pages_in_log(log) == set()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone()
        with connection:
            connection.execute("INSERT INTO people VALUES (1000, 'new')")
        changed = pages_in_log(log)
        # The leaf of the table, the leaf of the index, and the first page.
        assert 1 <= len(changed) <= 5
        assert changed <= set(range(1, file.stat().st_size // PAGE_BYTES + 2))
