"""What every format of a training set offers: its records by number, without reading them all.

An index (where each record lies, whose it is) is made at opening and held in
memory, about 50 bytes a record and its name; the compressed images stay on the
disk, and the system's page cache decides which of them are kept.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facenet_res.data.names import Names, NumberNames

NO_LABEL = -1
UNLABELLED = "_unlabelled"
LABEL_DIGITS_MAX = 9  # what int32 holds
RECORD_BYTES_MAX = 32 << 20
"""A crop of 112 x 112 px takes a few thousand; a larger record is corrupt."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that cannot be used.

    Attributes:
        name: of the record, or of the file and the byte where it should be.
        reason: what is wrong with it.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class RecordTable:
    """What is known of the records before one is read.

    Attributes:
        names: N names, each once.
        labels: int32[N], the identity's number; -1 for a record without an identity.
        identities: the identity of each number; none is without a record.
        is_label_sure: bool[N], False for a suspicious label.
        faults: records that could not be indexed, and are none of the N.
        label_gaps: unused numbers from 0 to the highest, where identities are numbers.
        remarks: deviations from the format that cost no record, a sentence each.
    """

    names: Sequence[str]
    labels: NDArray[np.int32]
    identities: Sequence[str]
    is_label_sure: NDArray[np.bool_]
    faults: tuple[Fault, ...] = ()
    label_gaps: int = 0
    remarks: tuple[str, ...] = ()


class RecordReader(Protocol):
    """An open training set. Safe to read by several threads at a time."""

    @property
    def kind(self) -> str:
        """Name of the format."""
        ...

    @property
    def table(self) -> RecordTable:
        """What is known of the records."""
        ...

    def read(self, number: int) -> bytes:
        """The compressed image of a record.

        Args:
            number: in [0, N).

        Raises:
            DataInvalid: the record is corrupt, truncated or missing; the message names the place.
        """
        ...

    def close(self) -> None:
        """Frees what the reader holds; may be called twice."""
        ...


class IdentityColumn:
    """The identities of records, one after the other, in 8 bytes each."""

    def __init__(self) -> None:
        """Starts with no record."""
        self._seen: dict[str, int] = {}
        self._column = array("q")

    def add(self, identity: str) -> None:
        """The next record's identity; "" for none."""
        self._column.append(self._seen.setdefault(identity, len(self._seen)))

    def by_name(self) -> tuple[NDArray[np.int32], Names]:
        """int32[N] labels that follow the order of the names, and the name of each."""
        named = sorted(identity for identity in self._seen if identity)
        rank = {identity: number for number, identity in enumerate(named)}
        return self._translated([rank.get(each, NO_LABEL) for each in self._seen]), Names(named)

    def by_number_or_name(self) -> tuple[NDArray[np.int32], Sequence[str], int]:
        """As `by_name`, or in the order of the numbers where all identities are numbers.

        Returns:
            int32[N]; the identity of each label; the label gaps, see `RecordTable`.
        """
        numbers = [_number(identity) for identity in self._seen]
        if None in numbers:
            return *self.by_name(), 0
        # A negative number means no identity.
        labels = self._translated([NO_LABEL if n is None else max(n, NO_LABEL) for n in numbers])
        return numbered(labels)

    def _translated(self, codes: list[int]) -> NDArray[np.int32]:
        table = np.asarray(codes, np.int64)
        column = np.asarray(self._column, np.int64)
        return table[column].astype(np.int32) if len(column) else np.empty(0, np.int32)


def numbered(
    labels: NDArray[np.integer[Any]],
) -> tuple[NDArray[np.int32], NumberNames, int]:
    """Dense labels from numbers that may have gaps: an unused number becomes no class.

    Args:
        labels: integers[N], below 0 for a record without an identity.

    Returns:
        int32[N]; the number that each stood for; how many from 0 to the highest are unused.
    """
    used, dense = np.unique(labels[labels >= 0], return_inverse=True)
    found = np.full(len(labels), NO_LABEL, np.int32)
    found[labels >= 0] = dense
    gaps = int(used[-1]) + 1 - len(used) if len(used) else 0
    return found, NumberNames(used.astype(np.int64)), gaps


def _number(identity: str) -> int | None:
    """The number that an identity is, -1 for none at all; None for a name, "007" among them."""
    if not identity:
        return NO_LABEL
    digits = identity.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and str(int(digits)) == digits
    return int(identity) if is_number and len(digits) <= LABEL_DIGITS_MAX else None
