"""The gallery's folder: what lies in it, and the lock of the process that writes.

gallery.db        people, faces and the log
gallery.db-wal    commits that are not in gallery.db yet; absent after a clean close
gallery.vectors   embeddings, a slot for each face
gallery.crops     aligned crops in the same slots; a hole where none is kept
gallery.head      the last acknowledged position of the log
gallery.snapshot  which slot is whose, to open faster; may be deleted while the gallery is closed
gallery.lock      locked by the process that writes; holds its id
ballast           zeros, given up when the disk is full so that deleting still works
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from facenet_res.core.errors import (
    DiskFull,
    FileMissing,
    GalleryInvalid,
    GalleryLocked,
    NotWritable,
)
from facenet_res.core.files import OWNER_ONLY, write_fault
from facenet_res.core.process_lock import ProcessLock
from facenet_res.gallery.head import HeadFile

DATABASE_NAME = "gallery.db"
VECTORS_NAME = "gallery.vectors"
CROPS_NAME = "gallery.crops"
HEAD_NAME = "gallery.head"
SNAPSHOT_NAME = "gallery.snapshot"
LOCK_NAME = "gallery.lock"
BALLAST_NAME = "ballast"

OWNER_ONLY_FOLDER = 0o700
BALLAST_BLOCK_BYTES = 1 << 20


def make_folder(path: Path) -> None:
    """Makes the folder if it is not there, for its owner only: it will hold biometric data.

    Raises:
        GalleryInvalid: a file stands at the path.
        DiskFull, NotWritable: it cannot be made.
    """
    try:
        path.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise GalleryInvalid(f"a gallery is a folder, but {error.filename} is a file") from error
    except OSError as error:
        raise write_fault(path, error) from error


def make_private_file(path: Path) -> None:
    """Makes an empty file if it is not there, for its owner only, whoever may enter the folder.

    SQLite gives its log the permissions of the database.

    Raises:
        DiskFull, NotWritable: it cannot be made.
    """
    try:
        path.touch(OWNER_ONLY)
    except OSError as error:
        raise write_fault(path, error) from error


def make_other_files(path: Path) -> None:
    """Makes the files beside the database, durably.

    To be done before the database is committed: a gallery that is there is complete.

    Raises:
        DiskFull, NotWritable: they cannot be made.
    """
    HeadFile.create(path / HEAD_NAME)
    for name in (VECTORS_NAME, CROPS_NAME):
        make_private_file(path / name)
    for folder in (path, path.absolute().parent):
        sync_folder(folder)


def find_database(path: Path) -> Path:
    """The database of the gallery at a path.

    Raises:
        FileMissing: there is no such folder, no gallery in it, or it may not be read.
        GalleryInvalid: the path is a file.
    """
    database = path / DATABASE_NAME
    try:
        is_there, is_folder = path.exists(), path.is_dir()
        has_database = database.is_file()
        if has_database and not os.access(database, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise FileMissing(f"cannot read the gallery at {path}: {error.strerror}") from error
    if not is_there:
        raise FileMissing(f"there is no gallery at {path}")
    if not is_folder:
        raise GalleryInvalid(f"a gallery is a folder, but {path} is a file")
    if not has_database:
        raise FileMissing(f"there is no gallery in the folder {path}: it has no {DATABASE_NAME}")
    return database


def sync_folder(path: Path) -> None:
    """Has the names in a folder written to the disk: a file's own fsync leaves them out."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_folder(path: Path) -> ProcessLock:
    """Takes a gallery's folder, or says at once who has it.

    Raises:
        GalleryLocked: another process has it, or this one a second time.
        DiskFull, NotWritable: the lock file cannot be made.
    """
    return ProcessLock(path / LOCK_NAME, f"the gallery {path}", GalleryLocked)


class Ballast:
    """Disk space held in reserve, so that a person can be deleted when the disk is full.

    SQLite writes a deletion to its log before the space comes free, so on a full disk even
    deleting fails. 16 MiB is room for the pages of one person with 1000 faces of 1024 floats.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._file = path / BALLAST_NAME
        self._size_bytes = size_bytes

    def fill(self) -> None:
        """Takes the space, where the disk has twice as much: the rest is for enrolments."""
        with suppress(OSError, DiskFull, NotWritable):
            if shutil.disk_usage(self._file.parent).free >= 2 * self._size_bytes:
                make_private_file(self._file)
                self._grow()

    def release(self) -> bool:
        """Gives the space back to the disk; False where there was none."""
        try:
            held = self._file.stat().st_size
            os.truncate(self._file, 0)
        except FileNotFoundError:
            return False
        return held > 0

    def _grow(self) -> None:
        with self._file.open("ab", buffering=0) as file:
            while (missing := self._size_bytes - file.tell()) > 0:
                file.write(bytes(min(missing, BALLAST_BLOCK_BYTES)))
