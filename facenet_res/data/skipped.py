"""The crops that a run could not read: counted, named, and told at its end.

One corrupt crop among a million must not end a week of training; a failing disk must.
"""

from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid
from facenet_res.core.files import drop_torn_line, write_fault
from facenet_res.data.crops import CropSource

SHARE_MAX = 0.01
"""Of the crops of a set. More are no accident, and what is left may be a different set."""
COUNT_MIN = 16
"""Unreadable crops that a set of any size may have."""


class Skipped:
    """Names and reasons, each name once; kept in a file, so that a killed run forgets none.

    Safe to tell by several threads at a time.
    """

    def __init__(self, total: int, path: Path | None = None) -> None:
        """Begins with what the file has.

        Args:
            total: crops of the set, by which it is decided how many are too many.
            path: the file, a line of name, tab and reason each; None keeps them in memory.
        """
        self._count_max = max(COUNT_MIN, int(SHARE_MAX * total))
        self._path = path
        self._lock = Lock()
        self._reasons: dict[str, str] = {}
        if path is not None and path.is_file():
            drop_torn_line(path)
            lines = path.read_text("utf-8", "backslashreplace").splitlines()
            self._reasons = dict(_parted(line) for line in lines if line)

    def __len__(self) -> int:
        return len(self._reasons)

    def reasons(self) -> dict[str, str]:
        """What is wrong with each, by name, in the order in which they were met."""
        with self._lock:
            return dict(self._reasons)

    def add(self, name: str, reason: str) -> None:
        """Notes a crop that cannot be read.

        Raises:
            DataInvalid: it is one too many.
            DiskFull: it cannot be written down.
        """
        with self._lock:
            if name in self._reasons:
                return
            self._reasons[name] = reason
            if self._path is not None:
                _append(self._path, f"{name}\t{reason}")
            if len(self._reasons) > self._count_max:
                raise DataInvalid(
                    f"{len(self._reasons)} crops could not be read, limit is {self._count_max} "
                    f"(the greater of {COUNT_MIN} and {100 * SHARE_MAX:g} % of the set); "
                    f"the last is {name}: {reason}"
                )


def readable_numbers(source: CropSource, skipped: Skipped) -> NDArray[np.int64]:
    """The numbers of the crops that can be decoded; the others are told to `skipped`.

    All are read: for sets that fit a validation, not for millions.
    """
    kept = []
    for number in range(len(source)):
        try:
            source[number].decode()
        except DataInvalid as error:
            skipped.add(source.name(number), str(error))
        else:
            kept.append(number)
    return np.asarray(kept, np.int64)


def _parted(line: str) -> tuple[str, str]:
    name, _, reason = line.partition("\t")
    return name, reason


def _append(path: Path, line: str) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(" ".join(line.splitlines()) + "\n")
    except OSError as error:
        raise write_fault(path, error) from error
