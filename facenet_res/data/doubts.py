"""Labels that somebody doubts, by the names of their crops; `facenet-res data clean` lists them."""

import csv
from pathlib import Path

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.crops import CropSource

COLUMN = "file"


def read_doubted(path: Path) -> frozenset[str]:
    """The names in the column `file` of a CSV.

    Raises:
        FileMissing: there is no file at `path`.
        DataInvalid: it is no CSV in UTF-8 with such a column.
    """
    if not path.is_file():
        raise FileMissing(f"no list of doubted labels at {path}")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if COLUMN not in (rows.fieldnames or ()):
                raise DataInvalid(f"{path} needs a column {COLUMN!r}, has {rows.fieldnames}")
            return frozenset(row[COLUMN] for row in rows if row[COLUMN])
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataInvalid(f"{path} is no CSV in UTF-8: {error}") from error


def with_doubts(crops: CropSource, doubted: frozenset[str]) -> CropSource:
    """The same crops, their labels not to be trusted where the name is among the doubted.

    Raises:
        DataInvalid: none of the names is in the set, so that the list is another set's.
    """
    marks = [crops.name(number) in doubted for number in range(len(crops))]
    if doubted and not any(marks):
        raise DataInvalid(
            f"none of the {len(doubted)} doubted labels is of this set, such as {min(doubted)!r}"
        )
    return crops.doubting(marks)
