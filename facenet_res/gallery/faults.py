"""What SQLite's errors mean to the caller of a gallery."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facenet_res.core.errors import (
    ArgumentInvalid,
    DiskFull,
    FacenetError,
    GalleryInvalid,
    GalleryLocked,
)

PRIMARY_CODE = 0xFF
"""The lower byte of an extended result code is the primary one (sqlite.org/rescode.html)."""

MEANINGS: tuple[tuple[int, type[FacenetError], str], ...] = (
    (sqlite3.SQLITE_FULL, DiskFull, "cannot be written, the disk is full"),
    (sqlite3.SQLITE_READONLY, DiskFull, "cannot be written"),
    (sqlite3.SQLITE_IOERR, DiskFull, "cannot be read or written"),
    (sqlite3.SQLITE_BUSY, GalleryLocked, "is open in another program"),
    (sqlite3.SQLITE_LOCKED, GalleryLocked, "is being read"),
    (sqlite3.SQLITE_CORRUPT, GalleryInvalid, "is damaged"),
    (sqlite3.SQLITE_NOTADB, GalleryInvalid, "is no gallery"),
    (sqlite3.SQLITE_CANTOPEN, GalleryInvalid, "cannot be opened"),
)


@contextmanager
def sqlite_faults(file: Path) -> Iterator[None]:
    """Turns what SQLite raises about a file into our errors; what is our bug passes unchanged.

    Raises:
        DiskFull: the file cannot be written.
        GalleryLocked: another program holds it.
        GalleryInvalid: it is damaged, or no SQLite database.
        ArgumentInvalid: a text to look up holds lone surrogates, which UTF-8 cannot.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise ArgumentInvalid(f"the gallery cannot hold the text {error.object!a}") from error
    except UnicodeDecodeError as error:
        raise GalleryInvalid(f"{file} is damaged: a text in it is none ({error})") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
        for known, kind, meaning in MEANINGS:
            if code == known:
                raise kind(f"{file} {meaning}: {error}") from error
        raise
