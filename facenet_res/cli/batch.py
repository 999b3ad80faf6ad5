"""Commands over many files: which files, what became of them, which status to end with."""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note
from facenet_res.core import exit_codes
from facenet_res.core.errors import DataInvalid, FacenetError, FileMissing, ImageUnreadable

if TYPE_CHECKING:
    from facenet_res.pipeline.bulk import FileSkipped

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# fmt: off
FOREIGN_SUFFIXES = frozenset({
    ".arw", ".avif", ".bmp", ".cr2", ".cr3", ".dng", ".gif", ".heic", ".heif", ".jp2", ".jxl",
    ".nef", ".orf", ".raf", ".rw2", ".tif", ".tiff",
})
# fmt: on
"""Photographs of kinds that we do not read: whoever has them must hear that they were left out."""
NO_FILE = "a pipe or device, no file"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not be used.

    Attributes:
        path: as it was given.
        reason: stable name of the error.
        message: the error, for people.
    """

    path: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Photographs:
    """The files that are meant.

    Attributes:
        paths: to be read.
        left_out: what looks like a photograph and is known beforehand to be of no use.
    """

    paths: tuple[Path, ...]
    left_out: tuple[Skipped, ...]


def find_photographs(given: Sequence[Path]) -> Photographs:
    """The files that are meant: a folder stands for the photographs in it, at any depth.

    A file that is named itself is kept whatever it is called, and missing ones too: they are
    reported when their turn comes. A pipe is not: reading it might never end.

    Raises:
        DataInvalid: a folder holds nothing that looks like a photograph.
    """
    paths: list[Path] = []
    left_out: list[Skipped] = []
    for path in given:
        if is_folder(path):
            found = photographs_in(path)
            if not found.paths and not found.left_out:
                raise DataInvalid(
                    f"folder {path} holds no photograph ({', '.join(sorted(SUFFIXES))})"
                )
            paths += found.paths
            left_out += found.left_out
            continue
        try:
            check_regular(path)
        except FileMissing as error:
            left_out.append(skipped(path, error))
        else:
            paths.append(path)
    return Photographs(tuple(paths), tuple(left_out))


def photographs_in(folder: Path, *, recursive: bool = True) -> Photographs:
    """The photographs in a folder, at any depth or its own; links to folders are not followed."""
    paths: list[Path] = []
    left_out: list[Skipped] = []

    def note_unreadable(error: OSError) -> None:
        left_out.append(Skipped(str(error.filename), FileMissing.reason, str(error.strerror)))

    for place, below, names in os.walk(folder, onerror=note_unreadable):
        if not recursive:
            below.clear()
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            suffix = path.suffix.lower()
            if suffix in FOREIGN_SUFFIXES:
                message = f"a {suffix} file; JPEG, PNG and WebP are read"
                left_out.append(Skipped(str(path), ImageUnreadable.reason, message))
            elif suffix in SUFFIXES:
                reason = _reason_against(path)
                if reason:
                    left_out.append(Skipped(str(path), FileMissing.reason, reason))
                else:
                    paths.append(path)
    return Photographs(tuple(sorted(paths)), tuple(sorted(left_out, key=lambda one: one.path)))


def is_folder(path: Path) -> bool:
    """Whether a folder is at a path; not, where that may not be known."""
    try:
        return path.is_dir()
    except OSError:
        return False


def check_regular(path: Path) -> None:
    """Refuses a pipe or a device, which would be waited for; what is not there passes.

    Raises:
        FileMissing: it is one.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise FileMissing(f"{path}: {NO_FILE}")


def _reason_against(path: Path) -> str:
    """Why a file found in a folder cannot be read; empty where it can, so far as is known."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "the link leads nowhere" if path.is_symlink() else str(error.strerror)
    return "" if stat.S_ISREG(mode) else NO_FILE


def skipped(path: Path, error: FacenetError) -> Skipped:
    """Notes a file that could not be used."""
    # Some messages begin with the path themselves; it is said once.
    return Skipped(str(path), error.reason, str(error).removeprefix(f"{path}: "))


def not_read(result: "FileSkipped") -> Skipped:
    """Notes a file that the pipeline could not use."""
    path = str(result.path)
    return Skipped(path, result.reason, result.message.removeprefix(f"{path}: "))


def as_dicts(items: Iterable[Skipped]) -> list[dict[str, str]]:
    """For JSON."""
    return [asdict(item) for item in items]


def conclude(done: int, left_out: Sequence[Skipped]) -> int:
    """Lists the files that were skipped on stderr; 0 if any was done, 2 if none."""
    for item in left_out:
        note(f"skipped {item.path}: {item.message}")
    if left_out:
        note(f"{done} of {done + len(left_out)} files done, {len(left_out)} skipped")
    return exit_codes.OK if done else exit_codes.INPUT
