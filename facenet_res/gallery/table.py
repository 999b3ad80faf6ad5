"""Which slot is whose face, in memory: 24 bytes a face in NumPy arrays, and their copy on disk.

The copy (`gallery.snapshot`) spares reading a million rows on opening. It is written on closing,
with the position of the log, the database's SHA-256 and its own; where any of it does not fit, the
rows are read again.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DiskFull, NotWritable
from facenet_res.core.files import OWNER_ONLY, write_atomically
from facenet_res.gallery.records import FaceRow

NO_ROW = -1
CAPACITY_MIN = 1024
GROWTH = 1.25
SNAPSHOT_FORMAT = 1
SHA256_BYTES = 32


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The slots as one search sees them; the writer may change the arrays under it.

    Attributes:
        face_rows: int64[S], the face of each slot; NO_ROW where it is free.
        person_rows: int64[S], whose face it is.
        has_free: whether some slots are free.
    """

    face_rows: NDArray[np.int64]
    person_rows: NDArray[np.int64]
    has_free: bool


class FaceTable:
    """Face, person and checksum by slot. One thread changes it, any number read views of it."""

    def __init__(self, columns: NDArray[np.int64] | None = None) -> None:
        """Takes int64[3, S]: face row, person row and vector checksum of each slot."""
        self._columns = np.empty((3, 0), np.int64) if columns is None else columns
        self._used = self._columns.shape[1]
        self._faces = int((self._columns[0] != NO_ROW).sum())

    @classmethod
    def of(cls, rows: NDArray[np.int64]) -> "FaceTable":
        """Builds it from int64[N, 4]: slot, face row, person row, vector checksum."""
        columns = np.zeros((3, int(rows[:, 0].max()) + 1 if len(rows) else 0), np.int64)
        columns[0] = NO_ROW
        columns[:, rows[:, 0]] = rows[:, 1:].T
        return cls(columns)

    @property
    def faces(self) -> int:
        """How many faces there are."""
        return self._faces

    def view(self) -> View:
        """What a search works on."""
        columns, used = self._columns, self._used
        return View(columns[0, :used], columns[1, :used], self._faces < used)

    def used_slots(self) -> NDArray[np.int64]:
        """int64[N], the slots that hold a face, ascending."""
        return np.flatnonzero(self._columns[0, : self._used] != NO_ROW)

    def sums(self) -> NDArray[np.int64]:
        """int64[S], the checksum that each slot's vector must have; 0 where it is free."""
        sums: NDArray[np.int64] = self._columns[2, : self._used].copy()
        return sums

    def put(self, faces: Iterable[FaceRow]) -> None:
        """Adds faces, or gives them to other people."""
        for face in faces:
            if face.slot >= self._columns.shape[1]:
                self._grow(face.slot + 1)
            self._columns[1, face.slot] = face.person_row
            self._columns[2, face.slot] = face.vector_sum
            # Last: a search that sees the face must see the rest.
            self._faces += int(self._columns[0, face.slot] == NO_ROW)
            self._columns[0, face.slot] = face.face_row
            self._used = max(self._used, face.slot + 1)

    def free(self, slots: Iterable[int]) -> None:
        """Removes the faces in these slots."""
        for slot in slots:
            self._faces -= int(self._columns[0, slot] != NO_ROW)
            self._columns[0, slot] = NO_ROW
            self._columns[2, slot] = 0

    def slots_of(self, face_rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots in which faces of these rows are."""
        return np.flatnonzero(np.isin(self._columns[0, : self._used], face_rows))

    def to_bytes(self) -> bytes:
        """The columns as they are kept on disk."""
        return np.ascontiguousarray(self._columns[:, : self._used]).astype("<i8").tobytes()

    def _grow(self, slots: int) -> None:
        wider = np.zeros((3, max(CAPACITY_MIN, slots, int(slots * GROWTH))), np.int64)
        wider[0] = NO_ROW
        wider[:, : self._used] = self._columns[:, : self._used]
        self._columns = wider


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A table as it stood at a position of the log.

    Attributes:
        position: of the log.
        chain: hash of the log's chain there.
        database_sha256: of the closed database.
        table: the faces.
    """

    position: int
    chain: str
    database_sha256: str
    table: FaceTable


def save_snapshot(file: Path, snapshot: Snapshot) -> None:
    """Writes a snapshot whole or not at all; a full disk leaves none, which only costs time."""
    content = snapshot.table.to_bytes()
    header = {
        "format": SNAPSHOT_FORMAT,
        "position": snapshot.position,
        "chain": snapshot.chain,
        "database_sha256": snapshot.database_sha256,
    }
    data = json.dumps(header).encode("ascii") + b"\n" + content
    with suppress(DiskFull, NotWritable):
        write_atomically(file, hashlib.sha256(data).digest() + data, OWNER_ONLY)


def load_snapshot(file: Path) -> Snapshot | None:
    """The snapshot in a file; None where it is absent, damaged or of another format."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, data = content[:SHA256_BYTES], content[SHA256_BYTES:]
    if hashlib.sha256(data).digest() != digest:
        return None
    line, _, columns = data.partition(b"\n")
    header = json.loads(line)
    if header.pop("format") != SNAPSHOT_FORMAT:
        return None
    table = FaceTable(np.frombuffer(columns, "<i8").reshape(3, -1).astype(np.int64))
    return Snapshot(**header, table=table)
