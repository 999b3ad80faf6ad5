"""How a gallery's SQLite file is connected to, and which file is one."""

import os
import sqlite3
from pathlib import Path

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery.faults import sqlite_faults
from facenet_res.gallery.schema import APPLICATION_ID, FORMAT, schema_expected, schema_of

SETTINGS = (
    # A commit returns when it is on the disk. With NORMAL, power cuts lose and resurrect faces.
    "synchronous = FULL",
    "secure_delete = ON",
    "foreign_keys = ON",
    # We say when the log is emptied, since we look at its pages before.
    "wal_autocheckpoint = 0",
    # Nothing of a face in temporary files.
    "temp_store = MEMORY",
    # A foreign file may carry triggers and views: they get no rights.
    "trusted_schema = OFF",
)
UNCHANGING = "ro&immutable=1"
WAIT_S_MAX = 5.0


def reading_mode(file: Path) -> str:
    """In which of SQLite's modes a file is read, on a read-only disk too."""
    # Where no shared memory can be made, SQLite must be told that nobody writes.
    is_alone = not log_of(file).exists() and not os.access(file.parent, os.W_OK)
    return UNCHANGING if is_alone else "ro"


def log_of(file: Path) -> Path:
    """The write-ahead log of a database; absent where nobody writes."""
    return file.with_name(f"{file.name}-wal")


def state_of(file: Path) -> tuple[bool, int, int]:
    """What differs where somebody writes, or has written."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return False, 0, 0
    return log_of(file).exists(), status.st_mtime_ns, status.st_size


def connect(file: Path, mode: str) -> sqlite3.Connection:
    """Connects in one of SQLite's modes; see `sqlite_faults` for what is raised."""
    with sqlite_faults(file):
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=WAIT_S_MAX,
            # We begin and end transactions ourselves, and see to it that threads take turns.
            isolation_level=None,
            check_same_thread=False,
        )
        # Python's own way reports a damaged text as a failed statement.
        connection.text_factory = bytes.decode
        return connection


def settle(connection: sqlite3.Connection) -> None:
    """Makes the settings that every connection needs that may write."""
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}").fetchall()


def check_ours(file: Path, connection: sqlite3.Connection) -> None:
    """Checks that a file is a gallery of this format; GalleryInvalid where it is not."""
    application_id = number_of(connection, "application_id")
    found = schema_of(connection)
    if not application_id and not found:
        raise GalleryInvalid(f"{file} is empty: its creation was broken off; create it again")
    if application_id != APPLICATION_ID:
        raise GalleryInvalid(f"{file} belongs to another program (id {application_id:#x})")
    version = number_of(connection, "user_version")
    if version != FORMAT:
        raise GalleryInvalid(
            f"{file} has format {version}, this version of facenet-res reads {FORMAT}; "
            "enrol the people into a new gallery"
        )
    if found != schema_expected():
        raise GalleryInvalid(f"{file} is damaged: its tables are not the gallery's")


def number_of(connection: sqlite3.Connection, pragma: str) -> int:
    """The number that a pragma answers."""
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
