"""Writing a file whole or not at all, and what tells one file from another."""

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from facenet_res.core.errors import ArgumentInvalid, DiskFull, NotWritable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}

ANYBODY = 0o666
"""Permissions of a new file, of which the user's mask takes away what it takes away always."""
OWNER_ONLY = 0o600
"""Permissions of a file with faces or embeddings in it, whoever may enter its folder."""


def given_path(path: object, name: str) -> Path:
    """A path that a caller has passed.

    Args:
        path: `str` or `os.PathLike`; an empty one would mean the current folder unnoticed.
        name: of the argument.

    Raises:
        ArgumentInvalid: it is empty, or no path.
    """
    if not isinstance(path, str | os.PathLike):
        raise ArgumentInvalid(
            f"{name} must be a path (str or os.PathLike), got {type(path).__name__}"
        )
    text = os.fsdecode(path)
    if not text:
        raise ArgumentInvalid(f'{name} is an empty path; the current folder is "."')
    return Path(text)


def write_atomically(
    path: Path, data: bytes, permissions: int = ANYBODY, *, previous: Path | None = None
) -> None:
    """Replaces a file by temp file, fsync, rename and fsync of the folder, made where absent.

    After a crash at any moment the file holds either the old bytes or the new; with `previous`
    it may be absent, with the old bytes under that name.

    Args:
        path: the file.
        data: its new bytes.
        permissions: of a new file.
        previous: name in the same folder that the old file gets; what stood there is replaced.

    Raises:
        DiskFull: the disk is full or read-only; the old file is untouched.
        NotWritable: we may not write there, or a file stands where a folder is needed; the old
            file is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(permissions)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            path.replace(previous)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        # Where it could not be made it cannot be removed either: the first error is the one to say.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise write_fault(path, error) from error


def remove_temporaries(folder: Path) -> None:
    """Removes what a process left that was killed in `write_atomically`; nobody may write there."""
    for path in folder.glob(".*.tmp"):
        with suppress(OSError):
            path.unlink()


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, where they are absent.

    Raises:
        DiskFull: the disk is full or read-only.
        NotWritable: it may not be made there, or a file stands in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_fault(path, error) from error


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits, read in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drop_torn_line(path: Path) -> None:
    """Cuts off a last line without an end, of which a full disk left only the beginning.

    What is appended next would otherwise stand on the same line.

    Raises:
        DiskFull, NotWritable: the file cannot be mended.
    """
    if not path.is_file():
        return
    try:
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            os.truncate(path, data.rfind(b"\n") + 1)
    except OSError as error:
        raise write_fault(path, error) from error


def write_fault(path: Path, error: OSError) -> DiskFull | NotWritable:
    """The error to raise where writing a file or folder failed."""
    kind = DiskFull if error.errno in FULL else NotWritable
    reason = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        reason = f"{error.filename} is no folder"
    return kind(f"cannot write {path}: {reason}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
