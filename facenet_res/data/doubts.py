"""Suspicious labels by the names of their crops, as `facenet-res develop data clean` lists them."""

import csv
from pathlib import Path

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.crops import CropSource

COLUMN = "file"


def read_doubted(path: Path) -> frozenset[str]:
    """The names in the column `file` of a CSV.

    Raises:
        FileMissing: there is no file at `path`.
        DataInvalid: it is not CSV in UTF-8 with such a column.
    """
    if not path.is_file():
        raise FileMissing(f"no list of suspicious labels at {path}")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if COLUMN not in (rows.fieldnames or ()):
                raise DataInvalid(f"{path} needs a column {COLUMN!r}, has {rows.fieldnames}")
            return frozenset(row[COLUMN] for row in rows if row[COLUMN])
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataInvalid(f"{path} is not CSV in UTF-8: {error}") from error


def with_doubts(crops: CropSource, listed: frozenset[str]) -> CropSource:
    """The same crops, with the labels of the named ones suspicious.

    Raises:
        DataInvalid: none of the names is in the set.
    """
    marks = [crops.name(number) in listed for number in range(len(crops))]
    if listed and not any(marks):
        raise DataInvalid(
            f"none of the {len(listed)} suspicious labels is of this set, such as {min(listed)!r}"
        )
    return crops.doubting(marks)
