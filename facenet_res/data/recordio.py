"""MXNet's RecordIO: the frames of a `.rec` file, and the header of the image in a record.

A frame is: the magic number, a word with a flag (3 bits) and a length (29 bits), the bytes, zeros
up to 4 bytes; little-endian. Where the magic number occurs in a record, at a multiple of 4 bytes,
the writer leaves it out and begins a new part: flag 0 is a whole record, 1 its first part, 2 one
in the middle, 3 the last. So the magic number at a multiple of 4 always begins a frame.

Source:
    dmlc-core, include/dmlc/recordio.h and src/recordio.cc; mxnet/recordio.py (IRHeader, pack).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid
from facenet_res.data.records import RECORD_BYTES_MAX, Fault
from facenet_res.data.shards import OpenFiles

MAGIC: Final = struct.pack("<I", 0xCED7230A)

_FRAME: Final = struct.Struct("<4sI")
_IMAGE_HEADER: Final = struct.Struct("<IfQQ")
_LENGTH_BITS: Final = 29
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
# Most crops are smaller: one read gets the frame and what is in it.
_GUESS: Final = 16 << 10
_WINDOW: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class ImageRecord:
    """What is in a record.

    Attributes:
        labels: float32[L], L >= 1.
        image: the compressed image; empty in a header record.
    """

    labels: NDArray[np.float32]
    image: bytes


def read_record(files: OpenFiles, position: int) -> bytes:
    """The record that begins at a position of the (only) file, its parts joined.

    Raises:
        DataInvalid: no record begins there, or it is corrupt or truncated.
    """
    parts: list[bytes] = []
    total = 0
    while True:
        block = files.read(0, position, _GUESS)
        flag, length = _frame(block, position, is_first=not parts)
        total += length
        if total > RECORD_BYTES_MAX:
            raise DataInvalid(f"a record of more than {RECORD_BYTES_MAX} bytes, the limit")
        part = block[_FRAME.size : _FRAME.size + length]
        if len(part) < length:
            part = files.read(0, position + _FRAME.size, length)
        if len(part) < length:
            raise DataInvalid(f"truncated at byte {position}: {len(part)} of {length} bytes")
        parts.append(part)
        if flag in (_WHOLE, _LAST):
            return MAGIC.join(parts)
        position += _FRAME.size + _padded(length)


def unpack(record: bytes) -> ImageRecord:
    """Splits a record into labels and image.

    Raises:
        DataInvalid: it is shorter than its header says.
    """
    if len(record) < _IMAGE_HEADER.size:
        raise DataInvalid(f"a record of {len(record)} bytes, its header takes {_IMAGE_HEADER.size}")
    count, label, _, _ = _IMAGE_HEADER.unpack_from(record)
    start = _IMAGE_HEADER.size + 4 * count
    if start > len(record):
        raise DataInvalid(f"a record of {len(record)} bytes cannot hold {count} labels")
    if count == 0:
        return ImageRecord(np.array([label], np.float32), record[start:])
    labels = np.frombuffer(record, "<f4", count, _IMAGE_HEADER.size)
    return ImageRecord(labels.astype(np.float32), record[start:])


def walk(files: OpenFiles, faults: list[Fault]) -> Iterator[int]:
    """Where each record of the (only) file begins, for a file without an index.

    Args:
        files: open.
        faults: gets every gap between frames; the walk goes on at the next magic number.
    """
    where, end = files.paths[0].name, files.sizes[0]
    position = 0
    while position < end:
        block = files.read(0, position, _FRAME.size)
        if len(block) < _FRAME.size or not block.startswith(MAGIC):
            found = _next_magic(files, position)
            gap = f"no record; the next is {found - position} bytes on"
            faults.append(Fault(f"{where} at byte {position}", gap))
            position = found
            continue
        word = _FRAME.unpack(block)[1]
        if word >> _LENGTH_BITS in (_WHOLE, _FIRST):
            yield position
        position += _FRAME.size + _padded(word & (1 << _LENGTH_BITS) - 1)


def _frame(block: bytes, position: int, *, is_first: bool) -> tuple[int, int]:
    """Flag and length of the frame that a block begins with."""
    if len(block) < _FRAME.size or not block.startswith(MAGIC):
        raise DataInvalid(f"no record at byte {position}: no magic number")
    word = _FRAME.unpack_from(block)[1]
    flag = word >> _LENGTH_BITS
    if flag not in ((_WHOLE, _FIRST) if is_first else (_MIDDLE, _LAST)):
        raise DataInvalid(f"unexpected part of kind {flag} at byte {position}")
    return flag, word & (1 << _LENGTH_BITS) - 1


def _padded(length: int) -> int:
    return -(-length // 4) * 4


def _next_magic(files: OpenFiles, position: int) -> int:
    """The next multiple of 4 behind `position` where the magic number stands, or the end."""
    position = _padded(position + 1)
    while position < files.sizes[0]:
        window = files.read(0, position, _WINDOW)
        start = window.find(MAGIC)
        while start % 4 > 0 and start >= 0:
            start = window.find(MAGIC, start + 1)
        if start >= 0:
            return position + start
        position += _padded(max(len(window) - 3, 1))
    return files.sizes[0]
