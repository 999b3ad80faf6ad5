"""Which files of a folder are photos, and the SHA-256 of each.

Only the first bytes decide what is a photo; names do not matter. Links are not followed, nothing
outside the folder is read, and the output folder takes no part where it lies inside, nor do the
results of earlier runs. A file whose
path, size and time are those of an earlier run is not hashed again.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Final

import pyarrow as pa

from facenet_res.core.errors import ArgumentInvalid, FileMissing, ImageTooLarge, ImageUnreadable
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.own_files import has_results, is_own
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.stage_files import SHARD_ITEMS, Parts, read_lines, write_lines
from facenet_res.dedup.types import PhotoFile, SkippedFile, Stage
from facenet_res.imaging.formats import FORMATS, START_BYTES, format_of

NOT_A_PHOTO: Final = "NOT_A_PHOTO"
SYMLINK: Final = "SYMLINK"
EARLIER_RESULTS: Final = "EARLIER_RESULTS"

_SCAN_FILE: Final = "scan.jsonl"
_SKIPPED_FILE: Final = "scan_skipped.jsonl"
_OTHERS_FILE: Final = "scan_others.jsonl"
_HASHES: Final = "hashes"
# What is no image for us, or too large a one, may still be byte-equal to another file.
_ONLY_AS_BYTES: Final = (NOT_A_PHOTO, ImageTooLarge.reason)

_HASH_SCHEMA: Final = pa.schema(
    {
        # A name need not be UTF-8.
        "path": pa.binary(),
        "bytes": pa.int64(),
        "mtime_ns": pa.int64(),
        "ctime_ns": pa.int64(),
        "sha256": pa.string(),
    }
)

# What a file is known by from one run to the next: path, bytes, mtime_ns, ctime_ns.
_Identity = tuple[str, int, int, int]


def scan(folder: Path, out: Path, config: DedupConfig, on_progress: OnProgress) -> None:
    """Writes the list of photos and the list of what was skipped.

    Raises:
        ArgumentInvalid: there is no photo in it.
        DiskFull: the output folder cannot be written.
    """
    hashes = _Hashes(out)
    photos: list[PhotoFile] = []
    skipped: list[SkippedFile] = []
    others: list[os.DirEntry[str]] = []
    wanted = None if config.only is None else set(config.only)
    for found in _files(folder, folder, out.resolve()):
        path = found.path if isinstance(found, SkippedFile) else _relative(folder, found.path)
        if wanted is not None:
            if path not in wanted:
                continue
            wanted.remove(path)
        entry = (
            found if isinstance(found, SkippedFile) else _examined(folder, found, config, hashes)
        )
        if isinstance(entry, SkippedFile):
            skipped.append(entry)
            if not isinstance(found, SkippedFile) and entry.reason in _ONLY_AS_BYTES:
                others.append(found)
        else:
            photos.append(entry)
        on_progress(Progress(Stage.SCAN, len(photos) + len(skipped), 0))
    message = "the manifest lists it, and there is no such file"
    skipped.extend(SkippedFile(path, FileMissing.reason, message) for path in wanted or ())
    equal = _of_equal_size(folder, others, hashes)
    hashes.flush()
    if not photos and not equal:
        raise ArgumentInvalid(
            f"folder {folder} holds no photo: none of its {len(skipped)} files is {FORMATS}"
        )
    write_lines(out / _SKIPPED_FILE, map(asdict, sorted(skipped, key=lambda file: file.path)))
    write_lines(out / _OTHERS_FILE, map(asdict, sorted(equal, key=lambda file: file.path)))
    write_lines(out / _SCAN_FILE, map(asdict, sorted(photos, key=lambda photo: photo.path)))


def read_photos(out: Path) -> list[PhotoFile]:
    """The photos that were found, by path.

    Raises:
        FileMissing: the folder was not scanned.
    """
    return [PhotoFile(**record) for record in read_lines(out / _SCAN_FILE)]


def read_scan_skipped(out: Path) -> list[SkippedFile]:
    """The files that the scan left out, by path.

    Raises:
        FileMissing: the folder was not scanned.
    """
    return [SkippedFile(**record) for record in read_lines(out / _SKIPPED_FILE)]


def read_others(out: Path) -> list[PhotoFile]:
    """Files that are compared by their bytes only and have the size of another, by path.

    Raises:
        FileMissing: the folder was not scanned.
    """
    return [PhotoFile(**record) for record in read_lines(out / _OTHERS_FILE)]


def first_paths(photos: list[PhotoFile]) -> dict[str, str]:
    """SHA-256 of each distinct photo to the first path that holds it, in the order of the paths."""
    paths: dict[str, str] = {}
    for photo in photos:
        paths.setdefault(photo.sha256, photo.path)
    return paths


def _files(root: Path, folder: Path, out: Path) -> Iterator[os.DirEntry[str] | SkippedFile]:
    """Every regular file below a folder, by name; links and unreadable folders as skipped."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield SkippedFile(_relative(root, folder), FileMissing.reason, str(error.strerror))
        return
    if has_results({entry.name for entry in found}):
        message = "results of an earlier run; other files beside them take part"
        yield SkippedFile(_relative(root, folder), EARLIER_RESULTS, message)
        found = [entry for entry in found if not is_own(entry.name)]
    for entry in found:
        if entry.is_symlink():
            yield SkippedFile(_relative(root, entry.path), SYMLINK, "links are not followed")
        elif entry.is_dir():
            if Path(entry.path).resolve() != out:
                yield from _files(root, Path(entry.path), out)
        elif entry.is_file():
            yield entry
        else:
            yield SkippedFile(_relative(root, entry.path), NOT_A_PHOTO, "not a regular file")


def _examined(
    root: Path, entry: os.DirEntry[str], config: DedupConfig, hashes: "_Hashes"
) -> PhotoFile | SkippedFile:
    path = _relative(root, entry.path)
    try:
        stat = entry.stat(follow_symlinks=False)
        with Path(entry.path).open("rb") as file:
            start = file.read(START_BYTES)
            try:
                format_of(start)
            except ImageUnreadable as error:
                return SkippedFile(path, NOT_A_PHOTO, str(error))
            if stat.st_size > config.limits.bytes_max:
                message = f"the file has {stat.st_size} bytes, limit is {config.limits.bytes_max}"
                return SkippedFile(path, ImageTooLarge.reason, message)
            return _hashed(path, file, hashes)
    except OSError as error:
        return SkippedFile(path, FileMissing.reason, str(error.strerror))


def _of_equal_size(
    root: Path, entries: list[os.DirEntry[str]], hashes: "_Hashes"
) -> list[PhotoFile]:
    """The files that have the size of another, hashed; what went away is left out."""
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for entry in entries:
        with suppress(OSError):
            by_size[entry.stat(follow_symlinks=False).st_size].append(Path(entry.path))
    found = []
    for size, paths in by_size.items():
        for path in paths if size > 0 and len(paths) > 1 else ():
            with suppress(OSError), path.open("rb") as file:
                found.append(_hashed(_relative(root, path), file, hashes))
    return found


def _hashed(path: str, file: BufferedReader, hashes: "_Hashes") -> PhotoFile:
    stat = os.fstat(file.fileno())
    # Of two times only the second cannot be set back by a tool that keeps the first.
    identity = (path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    sha256 = hashes.known(identity)
    if not sha256:
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        hashes.add(identity, sha256)
    link = f"{stat.st_dev}:{stat.st_ino}" if stat.st_nlink > 1 else ""
    return PhotoFile(path, stat.st_size, stat.st_mtime_ns, sha256, link)


def _relative(root: Path, path: Path | str) -> str:
    return Path(path).relative_to(root).as_posix()


class _Hashes:
    """The hashes of this and earlier runs, saved every few hundred files."""

    def __init__(self, out: Path) -> None:
        self._parts = Parts(out / _HASHES, _HASH_SCHEMA)
        table = self._parts.read()
        columns = (table[name].to_pylist() for name in _HASH_SCHEMA.names)
        self._known: dict[_Identity, str] = {
            (os.fsdecode(path), size, mtime_ns, ctime_ns): sha256
            for path, size, mtime_ns, ctime_ns, sha256 in zip(*columns, strict=True)
        }
        self._new: dict[_Identity, str] = {}

    def known(self, identity: _Identity) -> str:
        """The hash, or "" where the file is new or has changed."""
        return self._known.get(identity, "")

    def add(self, identity: _Identity, sha256: str) -> None:
        self._new[identity] = sha256
        if len(self._new) >= SHARD_ITEMS:
            self.flush()

    def flush(self) -> None:
        if not self._new:
            return
        rows = [(os.fsencode(path), *rest, name) for (path, *rest), name in self._new.items()]
        names = _HASH_SCHEMA.names
        self._parts.append([dict(zip(names, row, strict=True)) for row in rows])
        self._known.update(self._new)
        self._new = {}
