"""One SQLite file: the right settings, refused when foreign or damaged, undone when it fails."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from facenet_res.core.errors import (
    FacenetError,
    GalleryExists,
    GalleryInvalid,
    GalleryLocked,
)
from facenet_res.gallery import sqlite_database
from facenet_res.gallery.schema import APPLICATION_ID, FORMAT
from facenet_res.gallery.sqlite_database import SqliteDatabase

PERSON = "INSERT INTO persons VALUES (?, ?, '', '{}', 0, NULL, '', 0)"


def nothing(_: sqlite3.Connection) -> None:
    """Prepares an empty database."""


def create(file: Path) -> SqliteDatabase:
    return SqliteDatabase.create(file, nothing)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a #?% name.db"


@pytest.fixture
def database(file: Path) -> Iterator[SqliteDatabase]:
    database = create(file)
    yield database
    database.close()


def test_commits_are_synchronous_and_deletions_thorough_however_it_was_opened(file: Path) -> None:
    for start in (lambda: create(file), lambda: SqliteDatabase.open(file)):
        opened = start()
        wanted = {
            "journal_mode": "wal",
            "synchronous": 2,
            "secure_delete": 1,
            "foreign_keys": 1,
            "temp_store": 2,
        }
        with opened.writing() as connection:
            got = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
        assert got == wanted
        opened.close()


def test_a_transaction_that_raises_is_undone(database: SqliteDatabase) -> None:
    with contextlib.suppress(KeyError), database.writing() as connection:
        connection.execute(PERSON, (1, "ada"))
        raise KeyError
    with database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM persons").fetchone() == (0,)


def test_a_reference_to_nothing_is_refused(database: SqliteDatabase) -> None:
    with (
        pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"),
        database.writing() as connection,
    ):
        connection.execute("INSERT INTO faces VALUES (1, 'f', 99, 0, 0, '', '', '', 0, 0, '', 0)")


def test_emptying_the_log_leaves_a_log_of_no_bytes(database: SqliteDatabase, file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    assert log.stat().st_size > 0
    database.empty_log()
    assert log.stat().st_size == 0


def test_a_log_that_is_being_read_is_emptied_later(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database._writer.execute("PRAGMA busy_timeout = 0")
    with database.reading() as connection:
        connection.execute("SELECT * FROM sqlite_master").fetchall()
        with database.writing() as writing:
            writing.execute(PERSON, (1, "ada"))
        assert not database.empty_log()
    assert database.empty_log()


def test_readers_see_the_last_commit_and_wait_for_nobody(database: SqliteDatabase) -> None:
    with database.writing() as writing:
        writing.execute(PERSON, (1, "ada"))
        with database.reading() as connection:
            assert connection.execute("SELECT COUNT(*) FROM persons").fetchone() == (0,)
    with database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM persons").fetchone() == (1,)


def test_a_file_that_another_program_writes_to_is_locked(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_database, "WAIT_S_MAX", 0.0)
    with (
        contextlib.closing(create(file)) as database,
        contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GalleryLocked, match="open in another program"), database.writing():
            pass


def test_a_second_creation_is_refused_and_harms_nothing(
    database: SqliteDatabase, file: Path
) -> None:
    database.close()
    with pytest.raises(GalleryExists, match=r"a gallery exists at .* already"):
        create(file)
    SqliteDatabase.open(file).close()


def test_a_creation_that_was_broken_off_is_said_and_can_be_finished(file: Path) -> None:
    file.touch()
    with pytest.raises(GalleryInvalid, match="broken off; create it again"):
        SqliteDatabase.open(file)
    create(file).close()
    SqliteDatabase.open(file).close()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"\x89PNG"]
)
def test_a_file_that_is_no_database_is_invalid(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for use in (SqliteDatabase.open, create):
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
        create(file)
    assert file.read_bytes() == before


def test_a_database_that_only_bears_our_mark_is_invalid(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE meta (text)")
        other.execute(f"PRAGMA user_version = {FORMAT}")
        other.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    with pytest.raises(GalleryInvalid, match="tables are not the gallery's"):
        SqliteDatabase.open(file)


def check(file: Path) -> None:
    with contextlib.closing(SqliteDatabase.open(file)) as opened:
        opened.check_structure()


def test_an_index_that_contradicts_its_table_is_found(database: SqliteDatabase, file: Path) -> None:
    with database.writing() as connection:
        connection.execute(PERSON, (1, "ada-of-the-index"))
    database.close()
    content = file.read_bytes()
    assert content.count(b"ada-of-the-index") == 2
    file.write_bytes(content.replace(b"ada-of-the-index", b"ada-of-the-inde\x00", 1))
    with pytest.raises(GalleryInvalid, match="damaged") as caught:
        check(file)
    assert "\n" not in str(caught.value)


def test_a_broken_page_is_told_in_one_line(database: SqliteDatabase, file: Path) -> None:
    # given a page whose cells point beyond it: SQLite's verdict has a heading and a line
    database.close()
    content = bytearray(file.read_bytes())
    content[4096 + 3 : 4096 + 5] = b"\xff\xff"
    file.write_bytes(content)
    with pytest.raises(GalleryInvalid, match=r"is damaged: [^*\n]+$"):
        check(file)


def test_any_damaged_page_ends_in_a_typed_error_or_in_none(
    database: SqliteDatabase, file: Path
) -> None:
    with database.writing() as connection:
        for row in range(50):
            connection.execute(PERSON, (row, f"p{row}"))
    database.close()
    content = file.read_bytes()
    for start in range(0, len(content), 509):
        file.write_bytes(content[:start] + b"\xa5" * 16 + content[start + 16 :])
        with contextlib.suppress(FacenetError):
            check(file)


def test_a_long_log_is_emptied_and_where_it_is_read_when_it_has_grown_again(
    database: SqliteDatabase, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_database, "LOG_BYTES_MAX", 20_000)
    monkeypatch.setattr(database, "_trim_at_bytes", 20_000)
    log = file.with_name(f"{file.name}-wal")

    def write(begin: int) -> int:
        for row in range(begin, begin + 5):
            with database.writing() as connection:
                connection.execute(PERSON, (row, f"p{row}"))
        database.trim_log()
        return log.stat().st_size

    assert write(0) == 0
    with database.reading() as connection:
        connection.execute("SELECT * FROM persons").fetchall()
        held = write(10)
        assert held > 20_000
        with monkeypatch.context() as patch:
            patch.setattr(database, "empty_log", lambda **_: pytest.fail("again at once"))
            with database.writing() as writing:
                writing.execute(PERSON, (20, "p20"))
            database.trim_log()
    sizes = [write(100 + 10 * number) for number in range(10)]
    assert 0 in sizes
    assert max(sizes) < 3 * held
