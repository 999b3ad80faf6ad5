"""InsightFace's training sets: `train.rec` with `train.idx`, `train.lst` and `property`.

Record 0 may tell where everything is: images are the records from 1 to A - 1, and each record from
A to B - 1 gives the range of the images of one identity. Then the labels of millions of images are
known from one image an identity; otherwise the header of each is read.

Source:
    deepinsight/insightface: recognition/arcface_torch/dataset.py (MXFaceDataset), and
    recognition/_datasets_/ with src/data/face2rec2.py, which wrote the published sets.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.data.insightface_files import read_index, read_list, read_property
from facenet_res.data.names import RecordNames
from facenet_res.data.recordio import MAGIC, ImageRecord, read_record, unpack, walk
from facenet_res.data.records import NO_LABEL, Fault, RecordTable, numbered
from facenet_res.data.shards import OpenFiles

# Labels and ranges are float32, which counts no further one by one.
_FLOAT_EXACT_MAX: Final = 1 << 24


class InsightFaceReader:
    """Reads crops out of a `.rec` file."""

    kind = "InsightFace RecordIO"

    def __init__(self, rec: Path) -> None:
        """Reads the index and the labels of `NAME.rec`; what else belongs to it lies beside it.

        Raises:
            FileMissing: a file cannot be read.
            DataInvalid: index or property file break their format, or the crops are not 112 px.
        """
        self._files = OpenFiles([rec])
        self._faults: list[Fault] = []
        self._remarks: list[str] = []
        try:
            self._keys, self._offsets = self._indexed(rec)
            labels = self._labelled()
            self.table = self._tabled(rec, labels)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def is_one(start: bytes) -> bool:
        """Whether a file that starts so is a RecordIO file."""
        return start.startswith(MAGIC)

    def read(self, number: int) -> bytes:
        """See `RecordReader.read`."""
        try:
            return self._record(int(self._offsets[number])).image
        except DataInvalid as error:
            raise DataInvalid(f"{self._where(number)}: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        self._files.close()

    def _indexed(self, rec: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Key and position of every record, by growing key."""
        idx = rec.with_suffix(".idx")
        if idx.is_file():
            return read_index(idx)
        self._remarks.append(f"{idx.name} is not there: the records were counted as they lie")
        offsets = np.fromiter(walk(self._files, self._faults), np.int64)
        return np.arange(len(offsets)), offsets

    def _labelled(self) -> NDArray[np.int64]:
        """The label of each image, -1 for one to be left out; keys and positions become theirs."""
        header = self._header()
        ranges = None
        if header is not None:
            first, behind = (int(value) for value in header[:2])
            ranges = self._ranges(first, behind)
            is_image = (self._keys > 0) & (self._keys < first)
            self._keys, self._offsets = self._keys[is_image], self._offsets[is_image]
        labels = np.full(len(self._keys), NO_LABEL, np.int64)
        if ranges is None:
            for number in range(len(labels)):
                labels[number] = self._label(number)
            return labels
        for start, end in ranges:
            places = np.searchsorted(self._keys, (start, end))
            for number in range(*places):
                label = self._label(number)
                if label != NO_LABEL:
                    # A corrupt image before this one is kept: reading it raises.
                    labels[slice(*places)] = label
                    self._faults = [f for f in self._faults if f.name != self._where(number)]
                    break
        return labels

    def _header(self) -> NDArray[np.float32] | None:
        """The two numbers of record 0, where it is a header and no image."""
        if not len(self._keys) or self._keys[0] != 0:
            return None
        try:
            record = self._record(int(self._offsets[0]))
        except DataInvalid as error:
            self._remarks.append(f"record 0 cannot be read ({error}): every label was read instead")
            self._keys, self._offsets = self._keys[1:], self._offsets[1:]
            return None
        is_header = len(record.labels) >= 2 and not record.image
        return record.labels if is_header else None

    def _ranges(self, first: int, behind: int) -> list[tuple[int, int]] | None:
        """The images of each identity; None where they do not cover all images one by one."""
        if behind > _FLOAT_EXACT_MAX:
            return None
        places = np.searchsorted(self._keys, (first, behind))
        found: list[tuple[int, int]] = []
        expected = 1
        for number in range(*places):
            try:
                start, end = self._record(int(self._offsets[number])).labels[:2]
            except (DataInvalid, ValueError):
                break
            if start != expected or not start <= end <= first:
                break
            found.append((int(start), int(end)))
            expected = int(end)
        if expected == first:
            return found
        self._remarks.append(
            f"the ranges of identities end at image {expected - 1} of {first - 1}: "
            "every label was read instead"
        )
        return None

    def _label(self, number: int) -> int:
        """The label in an image's record; -1, and a fault, where there is none."""
        try:
            label = float(self._record(int(self._offsets[number])).labels[0])
            if not (0 <= label <= _FLOAT_EXACT_MAX and label == int(label)):
                raise DataInvalid(f"label {label} is no whole number in [0, {_FLOAT_EXACT_MAX}]")
        except DataInvalid as error:
            self._faults.append(Fault(self._where(number), str(error)))
            return NO_LABEL
        return int(label)

    def _tabled(self, rec: Path, labels: NDArray[np.int64]) -> RecordTable:
        kept = labels != NO_LABEL
        self._keys, self._offsets, labels = self._keys[kept], self._offsets[kept], labels[kept]
        dense, identities, gaps = numbered(labels)
        declared = read_property(rec.with_name("property"))
        if declared and declared.identities != len(identities):
            self._remarks.append(
                f"property says {declared.identities} identities, the records have "
                f"{len(identities)}"
            )
        if declared and (declared.height_px, declared.width_px) != (FACE_SIDE_PX, FACE_SIDE_PX):
            raise DataInvalid(
                f"the crops of {rec} are {declared.width_px}x{declared.height_px} px by its "
                f"property file, requires {FACE_SIDE_PX}x{FACE_SIDE_PX} px"
            )
        names, remark = read_list(rec.with_suffix(".lst"), self._keys, labels)
        self._remarks += [remark] if remark else []
        return RecordTable(
            names or RecordNames(identities, dense, self._keys),
            dense,
            identities,
            np.ones(len(dense), np.bool_),
            tuple(self._faults),
            gaps,
            tuple(self._remarks),
        )

    def _record(self, offset: int) -> ImageRecord:
        return unpack(read_record(self._files, offset))

    def _where(self, number: int) -> str:
        return f"record {self._keys[number]} of {self._files.paths[0].name}"


def rec_of(folder: Path) -> Path | None:
    """The `.rec` file of a folder; None where there is none.

    Raises:
        FileMissing: there are several, and none is `train.rec`.
    """
    found = sorted(folder.glob("*.rec"))
    if len(found) > 1 and folder / "train.rec" not in found:
        raise FileMissing(f"{folder} has {len(found)} .rec files and no train.rec: name one")
    return folder / "train.rec" if folder / "train.rec" in found else next(iter(found), None)
