"""Labelled pairs as CSV: two images, or a similarity, and whether they show one person.

A header names the columns, in any order:

    first,second     images, as names in the folder or zip; or
    similarity       the pair's similarity, by any system
    same             1 or 0 (or true or false)
    fold             optional, a whole number; one fold for all where absent
    first_person, second_person   optional: who is on them, for intervals over people
"""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.pairs import BYTES_MAX, PAIRS_MAX, PairSet

YES: Final = frozenset({"1", "true", "yes"})
NO: Final = frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Pairs with their comparison scores.

    Attributes:
        similarities: float64[P].
        is_same: bool[P].
        folds: int64[P].
        people: int64[P, 2], a number for each person; of length 0 where the file names none.
    """

    similarities: NDArray[np.float64]
    is_same: NDArray[np.bool_]
    folds: NDArray[np.int64]
    people: NDArray[np.int64]


def read_pair_table(path: Path) -> tuple[PairSet, NDArray[np.int64]]:
    """Reads pairs of images.

    Returns:
        The pairs, and int64[P, 2], a number for each person (of length 0 where none is named).

    Raises:
        FileMissing: there is no such file.
        DataInvalid: a column is missing or a line breaks the format; the message names it.
    """
    rows = _rows(path, ("first", "second", "same"))
    index: dict[str, int] = {}
    pairs = np.array(
        [
            [index.setdefault(_filled(row, name, path, number), len(index)) for name in _SIDES]
            for number, row in rows
        ]
    )
    pair_set = PairSet(
        images=tuple(index),
        first=pairs[:, 0],
        second=pairs[:, 1],
        is_same=_answers(rows, path),
        folds=_folds(rows, path),
    )
    return pair_set, _people(rows, path)


def read_scored_pairs(path: Path) -> ScoredPairs:
    """Reads pairs with their similarities.

    Raises:
        FileMissing: there is no such file.
        DataInvalid: a column is missing or a line breaks the format; the message names it.
    """
    rows = _rows(path, ("similarity", "same"))
    similarities = [_number(row["similarity"], path, number) for number, row in rows]
    return ScoredPairs(
        similarities=np.array(similarities, np.float64),
        is_same=_answers(rows, path),
        folds=_folds(rows, path),
        people=_people(rows, path),
    )


_SIDES: Final = ("first", "second")
_Rows = list[tuple[int, dict[str, str]]]


def _rows(path: Path, needed: tuple[str, ...]) -> _Rows:
    """Line numbers and lines."""
    if not path.is_file():
        raise FileMissing(f"no file of pairs at {path}")
    if path.stat().st_size > BYTES_MAX:
        raise DataInvalid(f"{path} has {path.stat().st_size} bytes, limit is {BYTES_MAX}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not a text file in UTF-8 (byte {error.start})") from error
    reader = csv.DictReader(io.StringIO(text), restval="")
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise DataInvalid(
            f"{path} lacks the columns {', '.join(missing)}; its first line names "
            f"{', '.join(reader.fieldnames or ()) or 'none'}"
        )
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataInvalid(f"{path} line {reader.line_num} is no CSV: {error}") from error
    if not 0 < len(rows) <= PAIRS_MAX:
        raise DataInvalid(f"{path} has {len(rows)} pairs; 1 to {PAIRS_MAX} are read")
    return rows


def _filled(row: dict[str, str], name: str, path: Path, number: int) -> str:
    value = row[name].strip()
    if not value:
        raise DataInvalid(f"{path} line {number}: {name} is empty")
    return value


def _number(text: str, path: Path, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataInvalid(f"{path} line {number}: similarity should be a number; got {text!r:.40}")
    return value


def _answers(rows: _Rows, path: Path) -> NDArray[np.bool_]:
    answers = []
    for number, row in rows:
        answer = row["same"].strip().lower()
        if answer not in YES | NO:
            raise DataInvalid(f"{path} line {number}: same should be 1 or 0; got {answer!r:.40}")
        answers.append(answer in YES)
    return np.array(answers, np.bool_)


def _folds(rows: _Rows, path: Path) -> NDArray[np.int64]:
    if "fold" not in rows[0][1]:
        return np.zeros(len(rows), np.int64)
    for number, row in rows:
        if not (row["fold"].isascii() and row["fold"].isdigit() and len(row["fold"]) < 8):
            raise DataInvalid(f"{path} line {number}: fold should be a whole number")
    return np.array([int(row["fold"]) for _, row in rows], np.int64)


def _people(rows: _Rows, path: Path) -> NDArray[np.int64]:
    names = [f"{side}_person" for side in _SIDES]
    if not all(name in rows[0][1] for name in names):
        return np.empty((0, 2), np.int64)
    index: dict[str, int] = {}
    people = np.array(
        [
            [index.setdefault(_filled(row, name, path, number), len(index)) for name in names]
            for number, row in rows
        ]
    )
    wrong = (people[:, 0] == people[:, 1]) != _answers(rows, path)
    if wrong.any():
        number = rows[int(np.argmax(wrong))][0]
        raise DataInvalid(f"{path} line {number}: the people and the answer contradict each other")
    return people
