"""One SQLite file: the right settings, refused when foreign or damaged, undone when it fails."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from facenet_res.core.errors import (
    FacenetError,
    GalleryExists,
    GalleryInvalid,
    GalleryLocked,
)
from facenet_res.gallery.migrations import APPLICATION_ID
from facenet_res.gallery.sqlite_database import SqliteDatabase
from facenet_res.gallery.types import GalleryInfo

INFO = GalleryInfo("model-a", 8, 1000.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a #?% name.db"


@pytest.fixture
def database(file: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase.create(file, INFO)
    yield database
    database.close()


def test_commits_are_synchronous_and_deletions_thorough_however_it_was_opened(file: Path) -> None:
    for start in (lambda: SqliteDatabase.create(file, INFO), lambda: SqliteDatabase.open(file)):
        opened = start()
        wanted = {
            "journal_mode": "wal",
            "synchronous": 2,
            "secure_delete": 1,
            "foreign_keys": 1,
            "locking_mode": "exclusive",
            "temp_store": 2,
        }
        with opened.reading() as connection:
            got = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
        assert got == wanted
        assert opened.info() == INFO
        opened.close()


def test_a_transaction_that_raises_is_undone(database: SqliteDatabase) -> None:
    with contextlib.suppress(KeyError), database.writing() as connection:
        connection.execute("INSERT INTO persons VALUES (1, 'ada', '', '{}', 0)")
        raise KeyError
    with database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM persons").fetchone() == (0,)


def test_a_reference_to_nothing_is_refused(database: SqliteDatabase) -> None:
    with (
        pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"),
        database.writing() as connection,
    ):
        connection.execute("INSERT INTO free_slots VALUES (99)")


def test_emptying_the_log_leaves_a_log_of_no_bytes(database: SqliteDatabase, file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    assert log.stat().st_size > 0
    database.empty_log()
    assert log.stat().st_size == 0


def test_a_log_that_is_being_read_cannot_be_emptied(database: SqliteDatabase) -> None:
    cursor = database._connection.execute("SELECT * FROM sqlite_master")
    cursor.fetchone()
    with pytest.raises(GalleryLocked, match="is being read"):
        database.empty_log()


def test_a_log_that_sqlite_says_is_busy_was_not_emptied(database: SqliteDatabase) -> None:
    is_busy = mock.Mock(**{"execute.return_value.fetchone.return_value": (1, 5, 0)})
    with (
        mock.patch.object(database, "_connection", is_busy),
        pytest.raises(GalleryLocked, match="is being read and cannot be emptied"),
    ):
        database.empty_log()


def test_another_program_cannot_open_the_file_beside_us(
    database: SqliteDatabase, file: Path
) -> None:
    look = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM meta')"
    )
    done = subprocess.run(
        [sys.executable, "-c", look, str(file)], capture_output=True, text=True, check=False
    )
    assert "database is locked" in done.stderr
    assert database.info() == INFO


def test_a_file_that_another_program_holds_is_locked(file: Path) -> None:
    SqliteDatabase.create(file, INFO).close()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GalleryLocked, match="open in another program"):
            SqliteDatabase.open(file)


def test_a_second_creation_is_refused_and_harms_nothing(
    database: SqliteDatabase, file: Path
) -> None:
    database.close()
    with pytest.raises(GalleryExists, match=r"something in .* already"):
        SqliteDatabase.create(file, GalleryInfo("model-b", 4, 0.0))
    assert SqliteDatabase.open(file).info() == INFO


def test_a_creation_that_was_broken_off_is_said_and_can_be_finished(file: Path) -> None:
    file.touch()
    with pytest.raises(GalleryInvalid, match="broken off; create it again"):
        SqliteDatabase.open(file)
    SqliteDatabase.create(file, INFO).close()
    SqliteDatabase.open(file).close()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"\x89PNG"]
)
def test_a_file_that_is_no_database_is_invalid(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for use in (SqliteDatabase.open, lambda path: SqliteDatabase.create(path, INFO)):
        with pytest.raises(GalleryInvalid, match="is no gallery"):
            use(file)
    assert file.read_bytes() == content


def test_another_programs_database_is_invalid_and_left_as_it_was(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE notes (text)")
    before = file.read_bytes()
    with pytest.raises(GalleryInvalid, match="belongs to another program"):
        SqliteDatabase.open(file)
    with pytest.raises(GalleryExists):
        SqliteDatabase.create(file, INFO)
    assert file.read_bytes() == before


def test_a_database_that_only_bears_our_mark_is_invalid(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE meta (text)")
        other.execute("PRAGMA user_version = 1")
        other.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    with pytest.raises(GalleryInvalid, match="tables are not the gallery's"):
        SqliteDatabase.open(file)


def test_a_gallery_that_names_no_model_is_invalid(database: SqliteDatabase) -> None:
    with database.writing() as connection:
        connection.execute("DELETE FROM meta")
    with pytest.raises(GalleryInvalid, match="does not say which model"):
        database.info()


def test_an_index_that_contradicts_its_table_is_found(database: SqliteDatabase, file: Path) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO persons VALUES (1, 'ada-of-the-index', '', '{}', 0)")
    database.close()
    content = file.read_bytes()
    assert content.count(b"ada-of-the-index") == 2
    file.write_bytes(content.replace(b"ada-of-the-index", b"ada-of-the-inde\x00", 1)[:-4096])
    with pytest.raises(GalleryInvalid, match="damaged") as caught:
        SqliteDatabase.open(file)
    assert "\n" not in str(caught.value)


def test_a_broken_page_is_told_in_one_line(database: SqliteDatabase, file: Path) -> None:
    # given a page whose cells point beyond it: SQLite's verdict has a heading and a line
    database.close()
    content = bytearray(file.read_bytes())
    content[4096 + 3 : 4096 + 5] = b"\xff\xff"
    file.write_bytes(content)
    with pytest.raises(GalleryInvalid, match=r"is damaged: [^*\n]+$"):
        SqliteDatabase.open(file)


def test_any_damaged_page_ends_in_a_typed_error_or_in_none(
    database: SqliteDatabase, file: Path
) -> None:
    with database.writing() as connection:
        for row in range(50):
            connection.execute("INSERT INTO persons VALUES (?, ?, '', '{}', 0)", (row, f"p{row}"))
    database.close()
    content = file.read_bytes()
    for start in range(0, len(content), 509):
        file.write_bytes(content[:start] + b"\xa5" * 16 + content[start + 16 :])
        with contextlib.suppress(FacenetError):
            opened = SqliteDatabase.open(file)
            with contextlib.closing(opened):
                opened.info()
