"""Several training sets as one: identities are merged by name."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.names import Names
from facenet_res.data.records import NO_LABEL, RecordReader, RecordTable


class JoinedReader:
    """The records of several readers, one set after the other."""

    def __init__(self, readers: Sequence[RecordReader]) -> None:
        """Takes at least one open reader; closing this one closes all of them."""
        self._readers = tuple(readers)
        sizes = [len(reader.table.labels) for reader in self._readers]
        self._ends = np.cumsum(sizes)
        self.first_records = sizes[0]
        tables = [reader.table for reader in self._readers]
        merged = sorted({name for table in tables for name in table.identities})
        place = {name: number for number, name in enumerate(merged)}
        self.table = RecordTable(
            names=[name for table in tables for name in table.names],
            labels=np.concatenate([_relabelled(table, place) for table in tables]),
            identities=Names(merged),
            is_label_sure=np.concatenate([table.is_label_sure for table in tables]),
            faults=tuple(fault for table in tables for fault in table.faults),
            remarks=tuple(remark for table in tables for remark in table.remarks),
        )

    @property
    def kind(self) -> str:
        """The formats, as people call them."""
        return " and ".join(reader.kind for reader in self._readers)

    def read(self, number: int) -> bytes:
        """See `RecordReader.read`."""
        which = int(np.searchsorted(self._ends, number, side="right"))
        return self._readers[which].read(number - int(self._ends[which - 1] if which else 0))

    def close(self) -> None:
        """Closes every reader."""
        for reader in self._readers:
            reader.close()


def open_joined(paths: Sequence[Path]) -> CropSource:
    """Opens one training set or several as one, the first one's crops first.

    Args:
        paths: as for `open_crops`, at least one.

    Raises:
        FileMissing: nothing is at one of the paths.
        DataInvalid: a set holds no crop, or breaks its format.
    """
    if len(paths) == 1:
        return open_crops(paths[0])
    with ExitStack() as opened:
        readers = [opened.enter_context(open_crops(path)).reader for path in paths]
        opened.pop_all()  # All were opened: the joined reader closes them.
    return CropSource(JoinedReader(readers))


def first_set_size(crops: CropSource) -> int:
    """How many of an opened set's crops are of its first set: all, where it is one set."""
    reader = crops.reader
    return reader.first_records if isinstance(reader, JoinedReader) else len(crops)


def _relabelled(table: RecordTable, place: dict[str, int]) -> NDArray[np.int32]:
    names = np.array([place[name] for name in table.identities] + [NO_LABEL], np.int32)
    return names[table.labels]  # The label -1 takes the last value.
