"""A list of the files to take, as CSV or Parquet with a column `path`."""

import csv
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from facenet_res.core.errors import DataInvalid, FileMissing

COLUMN = "path"


def read_manifest(file: Path) -> frozenset[str]:
    """The paths of a manifest, relative to the folder of the images, with "/" between parts.

    Args:
        file: Parquet where its name ends so, else CSV in UTF-8 with a line of names.

    Raises:
        FileMissing: there is no such file.
        DataInvalid: it has no column `path`, is no text, or a path is absolute or leads out.
    """
    try:
        if file.suffix == ".parquet":
            values = pq.read_table(file, columns=[COLUMN])[COLUMN].to_pylist()
        else:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                values = [row[COLUMN] for row in csv.DictReader(opened)]
    except OSError as error:
        raise FileMissing(f"{file}: {error.strerror or error}") from error
    except KeyError as error:
        raise DataInvalid(f"{file} has no column {COLUMN}") from error
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise DataInvalid(f"{file} cannot be read: {error}") from error
    return frozenset(_checked(file, value) for value in values)


def _checked(file: Path, value: object) -> str:
    path = PurePosixPath(value) if isinstance(value, str) and value else None
    if path is None or path.is_absolute() or ".." in path.parts:
        raise DataInvalid(f"{file}: {value!r} is no path below the folder of the images")
    return path.as_posix()
