"""Images in a folder or in a zip file, by names of one form: "PERSON/FILE.jpg".

A zip is read in place; nothing is ever unpacked to the disk. Entries that are
no images by their suffix, and hidden ones, are left aside.
"""

import zipfile
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Protocol, Self

from facenet_res.core.errors import DataInvalid, FileMissing, ImageTooLarge
from facenet_res.core.image_files import SUFFIXES
from facenet_res.imaging.decode import ImageLimits

PHOTOS_MAX = 1_000_000


class ImageSource(Protocol):
    """Images that are read by name. Safe to call from several threads."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all images, sorted; parts are joined by "/"."""
        ...

    def read(self, name: str) -> bytes:
        """The file's bytes.

        Raises:
            FileMissing: there is no such image, or it cannot be read.
            ImageTooLarge: it has more bytes than the limit.
        """
        ...

    def close(self) -> None:
        """Frees what the source holds."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def open_images(path: Path, limits: ImageLimits | None = None) -> ImageSource:
    """Opens a folder or a zip file of images.

    Raises:
        FileMissing: nothing is there.
        DataInvalid: it is neither a folder nor a zip file, or holds no image.
    """
    limits = limits or ImageLimits()
    if path.is_dir():
        return _FolderSource(path, limits.bytes_max)
    if not path.is_file():
        raise FileMissing(f"no folder or zip file of images at {path}")
    return _ZipSource(path, limits.bytes_max)


def people_of(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The images of each person, the person being the name of the image's folder.

    Images that lie in no folder show nobody in particular and are left aside.
    """
    people: dict[str, list[str]] = {}
    for name in names:
        person = PurePosixPath(name).parent.name
        if person:
            people.setdefault(person, []).append(name)
    return {person: tuple(sorted(photos)) for person, photos in sorted(people.items())}


class _FolderSource:
    def __init__(self, folder: Path, bytes_max: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        found = (path for path in folder.rglob("*") if path.is_file())
        self._names = _photographs([path.relative_to(folder).as_posix() for path in found], folder)

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def read(self, name: str) -> bytes:
        path = self._folder / name
        if not path.is_file():
            raise FileMissing(f"no image {name} in {self._folder}")
        _check_size(name, path.stat().st_size, self._bytes_max)
        return path.read_bytes()

    def close(self) -> None:
        """A folder holds nothing open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _ZipSource:
    def __init__(self, path: Path, bytes_max: int) -> None:
        self._path = path
        self._bytes_max = bytes_max
        # One file handle, one reader at a time; decompression is a small part of the work.
        self._lock = Lock()
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataInvalid(f"{path} is neither a folder nor a zip file: {error}") from error
        try:
            self._names = _photographs(self._zip.namelist(), path)
        except DataInvalid:
            self._zip.close()
            raise

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def read(self, name: str) -> bytes:
        try:
            entry = self._zip.getinfo(name)
        except KeyError as error:
            raise FileMissing(f"no image {name} in {self._path}") from error
        _check_size(name, entry.file_size, self._bytes_max)
        try:
            with self._lock, self._zip.open(entry) as file:
                return file.read(self._bytes_max)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise FileMissing(f"{name} in {self._path} cannot be read: {error}") from error

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _photographs(names: list[str], where: Path) -> tuple[str, ...]:
    kept = sorted(name for name in names if _is_photograph(PurePosixPath(name)))
    if not kept:
        raise DataInvalid(f"{where} holds no image ({', '.join(sorted(SUFFIXES))})")
    if len(kept) > PHOTOS_MAX:
        raise DataInvalid(f"{where} holds {len(kept)} images, limit is {PHOTOS_MAX}")
    return tuple(kept)


def _is_photograph(path: PurePosixPath) -> bool:
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not is_hidden


def _check_size(name: str, size: int, bytes_max: int) -> None:
    if size > bytes_max:
        raise ImageTooLarge(f"{name} has {size} bytes, limit is {bytes_max}")
