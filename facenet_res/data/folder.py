"""A folder per identity: `IDENTITY/FILE.jpg`, with an optional index.csv of suspicious labels."""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.core.image_files import SUFFIXES
from facenet_res.data.names import Names
from facenet_res.data.records import (
    RECORD_BYTES_MAX,
    UNLABELLED,
    IdentityColumn,
    RecordTable,
)

INDEX_NAME: Final = "index.csv"


class FolderReader:
    """Reads crops that are files."""

    kind = "folder per identity"

    def __init__(self, folder: Path) -> None:
        """Lists the folder; no image is opened.

        Raises:
            DataInvalid: index.csv breaks its format.
        """
        self._folder = folder
        index = folder / INDEX_NAME
        suspicious = suspicious_names(index.read_bytes(), index) if index.is_file() else set()
        self.table = table_of_paths(sorted(filter(is_crop, _files(folder))), suspicious)

    def read(self, number: int) -> bytes:
        """See `RecordReader.read`."""
        name = self.table.names[number]
        try:
            with (self._folder / name).open("rb") as file:
                data = file.read(RECORD_BYTES_MAX + 1)
        except OSError as error:
            raise DataInvalid(f"{name} cannot be read: {error.strerror}") from error
        if len(data) > RECORD_BYTES_MAX:
            raise DataInvalid(f"{name} has over {RECORD_BYTES_MAX} bytes, which is the limit")
        return data

    def close(self) -> None:
        """A folder holds nothing open."""


def is_crop(name: str) -> bool:
    """Whether a path in a set is an identity's image; hidden files, as of macOS, are not."""
    if not name.lower().endswith(SUFFIXES) or "/" not in name:
        return False
    return not any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def table_of_paths(names: list[str], suspicious: set[str]) -> RecordTable:
    """Names, labels and identities of crops by their paths.

    Args:
        names: `IDENTITY/FILE.jpg`, sorted.
        suspicious: those whose label is suspicious.
    """
    column = IdentityColumn()
    for name in names:
        folder = name.rsplit("/", 1)[0]
        column.add("" if folder == UNLABELLED else folder)
    labels, identities = column.by_name()
    sure = np.fromiter((name not in suspicious for name in names), np.bool_, len(names))
    return RecordTable(Names(names), labels, identities, sure)


def suspicious_names(index: bytes, where: Path) -> set[str]:
    """The files with a suspicious label in an index.csv: `label_ok` is 0.

    Raises:
        DataInvalid: it is not UTF-8, or has no column `file`.
    """
    try:
        rows = csv.DictReader(io.StringIO(index.decode("utf-8")))
        if "file" not in (rows.fieldnames or ()):
            raise DataInvalid(f"{where} needs a column 'file', has {rows.fieldnames}")
        return set(_suspicious(rows))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataInvalid(f"{where} is not a CSV file in UTF-8: {error}") from error


def _suspicious(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    for row in rows:
        if row.get("label_ok") == "0" and not row["file"].startswith(f"{UNLABELLED}/"):
            yield row["file"]


def _files(folder: Path) -> Iterator[str]:
    for where, _, files in os.walk(folder):
        parent = Path(where).relative_to(folder).as_posix()
        for file in files:
            yield file if parent == "." else f"{parent}/{file}"
