"""Which files are images: those that are named, and those in folders that are named."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facenet_res.core.errors import DataInvalid, FacenetError, FileMissing, ImageUnreadable

SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif"),
    *(".tif", ".tiff", ".gif", ".bmp", ".pgm", ".ppm", ".pnm"),
)
"""Of files that `imaging.decode` is expected to read, in lower case."""
FOREIGN_SUFFIXES = (".arw", ".cr2", ".cr3", ".dng", ".jp2", ".jxl", ".nef", ".orf", ".raf", ".rw2")
"""Images of formats that are not read: they are listed as skipped rather than passed over."""
NOT_REGULAR = "a pipe or device, not a file"


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that could not be used.

    Attributes:
        path: as it was given.
        reason: stable name of the error.
        message: the error, without the path.
    """

    path: str
    reason: str
    message: str

    @classmethod
    def of(cls, path: str | os.PathLike[str], error: FacenetError) -> "SkippedFile":
        """Notes an error; a path that the message begins with is stated once."""
        name = os.fspath(path)
        return cls(name, error.reason, str(error).removeprefix(f"{name}: "))


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The image files that are meant.

    Attributes:
        paths: to be read.
        skipped: files that look like images and are known to be unusable.
    """

    paths: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]


def find_image_files(given: Sequence[Path]) -> ImageFiles:
    """Finds the files that are meant: a folder stands for the images in it, at any depth.

    A file that is named itself is kept whatever its suffix, and so is a missing one: it is
    reported when its turn comes. A pipe is skipped: reading it might never end.

    Raises:
        DataInvalid: a folder holds nothing that looks like an image.
    """
    paths: list[Path] = []
    skipped: list[SkippedFile] = []
    for path in given:
        if is_folder(path):
            found = image_files_in(path)
            if not found.paths and not found.skipped:
                raise DataInvalid(f"folder {path} holds no image ({', '.join(sorted(SUFFIXES))})")
            paths += found.paths
            skipped += found.skipped
            continue
        try:
            check_regular(path)
        except FileMissing as error:
            skipped.append(SkippedFile.of(path, error))
        else:
            paths.append(path)
    return ImageFiles(tuple(paths), tuple(skipped))


def image_files_in(folder: Path, *, recursive: bool = True) -> ImageFiles:
    """Finds the images in a folder, at any depth or its own; links to folders are not followed."""
    paths: list[Path] = []
    skipped: list[SkippedFile] = []

    def note_unreadable(error: OSError) -> None:
        skipped.append(SkippedFile(str(error.filename), FileMissing.reason, str(error.strerror)))

    for place, below, names in os.walk(folder, onerror=note_unreadable):
        if not recursive:
            below.clear()
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            suffix = path.suffix.lower()
            if suffix in FOREIGN_SUFFIXES:
                message = f"the format of {suffix} files is not supported"
                skipped.append(SkippedFile(str(path), ImageUnreadable.reason, message))
            elif suffix in SUFFIXES:
                reason = _reason_against(path)
                if reason:
                    skipped.append(SkippedFile(str(path), FileMissing.reason, reason))
                else:
                    paths.append(path)
    return ImageFiles(tuple(sorted(paths)), tuple(sorted(skipped, key=lambda one: one.path)))


def image_files(folder: Path) -> tuple[Path, ...]:
    """Paths of the images in a folder, at any depth.

    Raises:
        FileMissing: there is no such folder.
    """
    if not is_folder(folder):
        raise FileMissing(f"no folder at {folder}")
    return image_files_in(folder).paths


def is_folder(path: Path) -> bool:
    """Whether a folder is at a path; False where that cannot be known."""
    try:
        return path.is_dir()
    except OSError:
        return False


def check_regular(path: Path) -> None:
    """Refuses a pipe or a device, which would block; a missing path passes.

    Raises:
        FileMissing: it is one.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise FileMissing(f"{path}: {NOT_REGULAR}")


def _reason_against(path: Path) -> str:
    """Why a file found in a folder cannot be read; "" where it can, as far as is known."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a broken link" if path.is_symlink() else str(error.strerror)
    return "" if stat.S_ISREG(mode) else NOT_REGULAR
