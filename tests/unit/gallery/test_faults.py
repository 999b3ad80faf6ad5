"""SQLite's result codes become our errors; what is our own bug stays what it is."""

import sqlite3
from pathlib import Path

import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    DiskFull,
    FacenetError,
    GalleryInvalid,
    GalleryLocked,
)
from facenet_res.gallery.faults import sqlite_faults


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, DiskFull),
        (sqlite3.SQLITE_IOERR_FSYNC, DiskFull),
        (sqlite3.SQLITE_READONLY_DIRECTORY, DiskFull),
        (sqlite3.SQLITE_BUSY_RECOVERY, GalleryLocked),
        (sqlite3.SQLITE_CORRUPT_INDEX, GalleryInvalid),
        (sqlite3.SQLITE_NOTADB, GalleryInvalid),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, GalleryInvalid),
    ],
)
def test_a_code_or_an_extension_of_it_gets_its_meaning(code: int, kind: type[FacenetError]) -> None:
    error = sqlite3.OperationalError("said SQLite")
    error.sqlite_errorcode = code
    with pytest.raises(kind, match=r"db .*: said SQLite"), sqlite_faults(Path("db")):
        raise error


@pytest.mark.parametrize(
    "bug", [sqlite3.ProgrammingError("no code"), sqlite3.OperationalError("?"), KeyError("x")]
)
def test_a_bug_passes_unchanged(bug: Exception) -> None:
    with pytest.raises(type(bug)) as caught, sqlite_faults(Path("db")):
        raise bug
    assert caught.value is bug


def test_a_text_that_is_no_utf_8_is_the_callers_mistake() -> None:
    said = r"cannot hold the text 'a\\udcff'"
    with pytest.raises(ArgumentInvalid, match=said), sqlite_faults(Path("db")):
        "a\udcff".encode()
