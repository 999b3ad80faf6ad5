"""Scalars in TensorBoard's event files, without TensorBoard or TensorFlow.

A file is a row of records framed as in TFRecord; each record is an `Event` message of protocol
buffers, of which a scalar needs four fields. Written by hand, it costs a run no dependency.

Source:
    tensorboard/compat/proto/event.proto and summary.proto; the framing is that of
    tensorflow/core/lib/io/record_writer.h.
"""

import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from facenet_res.core.files import make_folder, write_fault
from facenet_res.data.crc32c import masked_crc32c

VERSION = "brain.Event:2"
WALL_TIME, STEP, FILE_VERSION, SUMMARY = 1, 2, 3, 5
SUMMARY_VALUE, VALUE_TAG, VALUE_SCALAR = 1, 1, 2
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5


class EventLog:
    """Appends scalars to one event file of a run's folder."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Begins a file; a resumed run has several, which TensorBoard joins.

        Args:
            folder: made where it is absent.
            clock: seconds since 1970.

        Raises:
            DiskFull: it could not be written.
        """
        make_folder(folder)
        self._clock = clock
        self._path = folder / f"events.out.tfevents.{clock():017.6f}.{socket.gethostname()}"
        self._append(_text(FILE_VERSION, VERSION))

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """One event with all scalars of a step.

        Raises:
            DiskFull: it could not be written.
        """
        values = b"".join(
            _message(SUMMARY_VALUE, _text(VALUE_TAG, tag) + _float(VALUE_SCALAR, value))
            for tag, value in scalars.items()
        )
        self._append(_key(STEP, VARINT) + _varint(step) + _message(SUMMARY, values))

    def _append(self, fields: bytes) -> None:
        event = _key(WALL_TIME, EIGHT_BYTES) + struct.pack("<d", self._clock()) + fields
        length = struct.pack("<Q", len(event))
        checks = [struct.pack("<I", masked_crc32c(part)) for part in (length, event)]
        record = length + checks[0] + event + checks[1]
        try:
            with self._path.open("ab") as file:
                file.write(record)
        except OSError as error:
            raise write_fault(self._path, error) from error


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _message(field: int, data: bytes) -> bytes:
    return _key(field, LENGTH) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _float(field: int, value: float) -> bytes:
    return _key(field, FOUR_BYTES) + struct.pack("<f", value)
