"""Millions of names in one block of bytes: a Python string each would take ten times the room."""

from array import array
from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray


class Names(Sequence[str]):
    """Texts by number, kept as UTF-8 in one block.

    A file name that is no UTF-8 comes back as it went in, with Python's surrogate escapes.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Takes the names over, in their order; a generator is never held as a whole."""
        block = bytearray()
        starts = array("q", [0])
        for name in names:
            block += name.encode("utf-8", "surrogateescape")
            starts.append(len(block))
        self._block = bytes(block)
        self._starts = np.asarray(starts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"name {number} of {len(self)}")
        place = number % len(self)
        part = self._block[self._starts[place] : self._starts[place + 1]]
        return part.decode("utf-8", "surrogateescape")


class NumberNames(Sequence[str]):
    """Names that are numbers, such as the identities of a set that has labels only."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        """int64[N], the numbers to be spelled."""
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [str(each) for each in self.numbers[number].tolist()]
        return str(int(self.numbers[number]))


class RecordNames(Sequence[str]):
    """Names of records without a name of their own: `IDENTITY/NUMBER`."""

    def __init__(
        self, identities: Sequence[str], labels: NDArray[np.int32], keys: NDArray[np.int64]
    ) -> None:
        """Identity of each label, label of each record (-1: none), number of each record."""
        self._identities = identities
        self._labels = labels
        self._keys = keys

    def __len__(self) -> int:
        return len(self._labels)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        label = int(self._labels[number])
        folder = self._identities[label] if label >= 0 else "_unlabelled"
        return f"{folder}/{int(self._keys[number])}"
