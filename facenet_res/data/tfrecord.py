"""TFRecord files of `tf.train.Example`, read without TensorFlow, every checksum verified.

A record is: length (uint64), masked CRC-32C of the length, the bytes, masked CRC-32C of the bytes;
little-endian. There is no index: opening walks all records and reads their labels.

Source:
    https://www.tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details";
    tensorflow/core/lib/hash/crc32c.h for the mask.
"""

import struct
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import google_crc32c
import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.data.example import Value, read_example
from facenet_res.data.names import RecordNames
from facenet_res.data.records import RECORD_BYTES_MAX, Fault, IdentityColumn, RecordTable
from facenet_res.data.shards import OpenFiles

IMAGE_KEYS: Final = ("image/encoded", "image_raw", "image", "jpeg")
LABEL_KEYS: Final = ("image/class/label", "label", "identity", "image/source_id")

_HEAD: Final = struct.Struct("<QI")
_SUM: Final = struct.Struct("<I")
_WINDOW: Final = 1 << 20
_MASK_DELTA: Final = 0xA282EAD8


class TFRecordReader:
    """Reads crops out of TFRecord files."""

    kind = "TFRecord files"

    def __init__(self, paths: Sequence[Path]) -> None:
        """Walks all records of all files.

        Raises:
            DataInvalid: the records are of another kind: no image or label under a name we know.
        """
        self._files = OpenFiles(paths)
        self._shards, self._positions, self._sizes = array("i"), array("q"), array("q")
        self._column = IdentityColumn()
        self._faults: list[Fault] = []
        try:
            for shard in range(len(self._files.paths)):
                self._index(shard)
        except BaseException:
            self.close()
            raise
        labels, identities, gaps = self._column.by_number_or_name()
        self.table = RecordTable(
            RecordNames(identities, labels, np.arange(len(labels))),
            labels,
            identities,
            np.ones(len(labels), np.bool_),
            tuple(self._faults),
            label_gaps=gaps,
        )

    @staticmethod
    def is_one(start: bytes) -> bool:
        """Whether a file that starts so is a TFRecord file: its first length has its checksum."""
        if len(start) < _HEAD.size:
            return False
        return _masked_crc32c(start[:8]) == int(_HEAD.unpack_from(start)[1])

    def read(self, number: int) -> bytes:
        """See `RecordReader.read`."""
        shard, position = self._shards[number], self._positions[number]
        size = self._sizes[number]
        where = f"{self.table.names[number]} ({self._where(shard, position)})"
        block = self._files.read(shard, position + _HEAD.size, size + _SUM.size)
        if len(block) < size + _SUM.size:
            raise DataInvalid(f"{where} is truncated: {len(block)} of {size + _SUM.size} bytes")
        data = block[:size]
        if _masked_crc32c(data) != _SUM.unpack_from(block, size)[0]:
            raise DataInvalid(f"{where} is corrupt: checksum mismatch")
        image = _first(read_example(data), IMAGE_KEYS)
        if not isinstance(image, bytes):
            raise DataInvalid(f"{where} has no image")
        return image

    def close(self) -> None:
        """Closes the files."""
        self._files.close()

    def _index(self, shard: int) -> None:
        position, end = 0, self._files.sizes[shard]
        while position < end:
            head = self._files.read(shard, position, _HEAD.size)
            size = _HEAD.unpack(head)[0] if self.is_one(head) else -1
            behind = position + _HEAD.size + size + _SUM.size
            where = self._where(shard, position)
            if size < 0:
                found = self._next_record(shard, position + 1)
                gap = f"no record; the next is {found - position} bytes on"
                self._faults.append(Fault(where, gap))
                position = found
                continue
            if behind > end:
                left = end - position - _HEAD.size
                self._faults.append(Fault(where, f"truncated: {left} of {size + _SUM.size} bytes"))
                return
            fault = self._add(shard, position, size)
            if fault:
                self._faults.append(Fault(where, fault))
            position = behind

    def _add(self, shard: int, position: int, size: int) -> str:
        """Takes a record into the index; "" or what is wrong with it."""
        if size > RECORD_BYTES_MAX:
            return f"it has {size} bytes, limit is {RECORD_BYTES_MAX}"
        try:
            example = read_example(self._files.read(shard, position + _HEAD.size, size))
        except DataInvalid as error:
            return str(error)
        label = _first(example, LABEL_KEYS)
        if not isinstance(_first(example, IMAGE_KEYS), bytes):
            return f"no image: it has {sorted(example)}, known are {list(IMAGE_KEYS)}"
        identity = label.decode("utf-8", "replace") if isinstance(label, bytes) else label
        self._column.add("" if identity is None else str(identity))
        self._shards.append(shard)
        self._positions.append(position)
        self._sizes.append(size)
        return ""

    def _next_record(self, shard: int, position: int) -> int:
        """Where the next length stands that has its checksum, or the end of the file."""
        end = self._files.sizes[shard]
        while position + _HEAD.size <= end:
            window = self._files.read(shard, position, _WINDOW)
            for start in range(len(window) - _HEAD.size + 1):
                # A length has zeros above its 32 bits: that spares nearly all checksums.
                if window[start + 4 : start + 8] == b"\0\0\0\0" and self.is_one(
                    window[start : start + _HEAD.size]
                ):
                    return position + start
            position += len(window) - _HEAD.size + 1
        return end

    def _where(self, shard: int, position: int) -> str:
        return f"{self._files.paths[shard].name} at byte {position}"


def _masked_crc32c(data: bytes) -> int:
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def _first(example: dict[str, Value], names: Sequence[str]) -> Value | None:
    return next((example[name] for name in names if name in example), None)
