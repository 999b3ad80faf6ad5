"""The text files beside an InsightFace `.rec`: `.idx`, `.lst` and `property`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid
from facenet_res.data.names import Names


@dataclass(frozen=True, slots=True)
class Property:
    """What a set says of itself.

    Attributes:
        identities: how many it has.
        height_px: of a crop.
        width_px: of a crop.
    """

    identities: int
    height_px: int
    width_px: int


def read_index(idx: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Key and position of every record, by growing key: lines of `KEY<tab>POSITION`.

    Returns:
        int64[N] and int64[N].

    Raises:
        DataInvalid: a line is something else, or a key comes twice.
    """
    if idx.stat().st_size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    try:
        rows = np.loadtxt(idx, dtype=np.int64, ndmin=2, comments=None)
    except ValueError as error:
        raise DataInvalid(f"{idx} needs lines of key and position: {error}") from error
    if rows.shape[1] != 2 or rows.min() < 0:
        raise DataInvalid(f"{idx} needs two numbers >= 0 a line, has {rows.shape[1]} columns")
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    twice = np.flatnonzero(np.diff(rows[:, 0]) == 0)
    if len(twice):
        raise DataInvalid(f"{idx} has key {rows[twice[0], 0]} twice")
    return np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])


def read_property(path: Path) -> Property | None:
    """`IDENTITIES,HEIGHT,WIDTH`; None where there is no such file.

    Raises:
        DataInvalid: the file says something else.
    """
    if not path.is_file():
        return None
    text = path.read_bytes()[:100].decode("ascii", "replace").strip()
    fields = text.split(",")
    if len(fields) != 3 or not all(field.strip().isdecimal() for field in fields):
        raise DataInvalid(f"{path} should read '85742,112,112'; got {text!r}")
    return Property(*(int(field) for field in fields))


def read_list(
    lst: Path, keys: NDArray[np.int64], labels: NDArray[np.int64]
) -> tuple[Names | None, str]:
    """The files that the images were made of: line K of `.lst` tells of the record with key K.

    A list that does not fit the records is left aside: it names images, no more.

    Args:
        lst: lines of `1<tab>PATH<tab>LABEL...`; it may be absent.
        keys: int64[N], growing.
        labels: int64[N], as the records have them.

    Returns:
        N paths, or None; and a remark where the list is there and does not fit.
    """
    if not lst.is_file():
        return None, ""
    wanted, paths, number = 0, [], 0
    with lst.open(encoding="utf-8", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            if wanted == len(keys) or number != keys[wanted]:
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) < 3 or _whole(fields[2]) != labels[wanted]:
                return None, (
                    f"{lst.name} was left aside: line {number} reads {line.strip()[:80]!r}, "
                    f"the record has label {labels[wanted]}"
                )
            paths.append(fields[1].lstrip("/"))
            wanted += 1
    if wanted < len(keys):
        return None, f"{lst.name} was left aside: {number} lines for {len(keys)} images"
    return Names(paths), ""


def _whole(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None
