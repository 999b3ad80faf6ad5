"""What PostgreSQL's errors mean to the caller of a gallery."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from facenet_res.core.errors import (
    ArgumentInvalid,
    DiskFull,
    FacenetError,
    GalleryExists,
    GalleryInvalid,
    GalleryLocked,
    GalleryUnavailable,
    NotWritable,
)
from facenet_res.gallery.postgres_place import PostgresPlace

MEANINGS: tuple[tuple[type[psycopg.Error], type[FacenetError], str], ...] = (
    (errors.DiskFull, DiskFull, "cannot be written, the server's disk is full"),
    (errors.LockNotAvailable, GalleryLocked, "is locked by another program for too long"),
    (errors.DataCorrupted, GalleryInvalid, "is damaged"),
    (errors.IndexCorrupted, GalleryInvalid, "is damaged"),
    (errors.UndefinedTable, GalleryInvalid, "lacks a table"),
    (errors.UndefinedColumn, GalleryInvalid, "lacks a column"),
    (errors.DuplicateTable, GalleryExists, "is half there: the schema has other tables"),
    (errors.InsufficientPrivilege, NotWritable, "is closed to this user"),
    (errors.DataError, ArgumentInvalid, "cannot hold a value"),
    # Last, because others are of this kind too: the server ends, restarts, or follows another.
    (errors.ReadOnlySqlTransaction, GalleryUnavailable, "takes no changes: it is a standby"),
    (psycopg.OperationalError, GalleryUnavailable, "cannot be reached"),
    (psycopg.InterfaceError, GalleryUnavailable, "cannot be reached"),
)


@contextmanager
def postgres_faults(place: PostgresPlace) -> Iterator[None]:
    """Turns what PostgreSQL raises into our errors; what is our bug passes unchanged.

    Raises:
        GalleryUnavailable: the server or the database is not there, or the connection broke.
        DiskFull: its disk is full.
        GalleryLocked: a lock was not had in time.
        GalleryInvalid: it is damaged, or not what it was.
        NotWritable: the user lacks a right.
        ArgumentInvalid: a text holds what UTF-8 or PostgreSQL cannot.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise ArgumentInvalid(f"the gallery cannot hold the text {error.object!a}") from error
    except psycopg.Error as error:
        for known, kind, meaning in MEANINGS:
            if isinstance(error, known):
                first = str(error).strip().partition("\n")[0]
                raise kind(f"the gallery {place} {meaning}: {first}") from error
        raise
