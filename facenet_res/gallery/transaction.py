"""What a change may do in a transaction: read and write rows, each write logged and summed up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid, UnknownFace, UnknownPerson
from facenet_res.gallery.checksums import (
    add_checksums,
    chain_hash,
    commitment_to,
    new_salt,
    vector_sums,
)
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.records import (
    FaceRow,
    LogRow,
    PersonRow,
    Progress,
    checksum_of,
    opened,
    sealed,
)
from facenet_res.gallery.schema import FACE_COLUMNS, PERSON_COLUMNS, PROGRESS_COLUMNS
from facenet_res.gallery.slots import Slots, to_words

# Names of columns are ours; values are bound.
_PERSON = f"SELECT {PERSON_COLUMNS} FROM persons "  # noqa: S608
_FACE = f"SELECT {FACE_COLUMNS} FROM faces "  # noqa: S608
_ADD_PERSON = "INSERT INTO persons VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SET_PERSON = f"UPDATE persons SET ({PERSON_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
_ADD_FACE = "INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SET_FACE = f"UPDATE faces SET ({FACE_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
_ADD_LOG = "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)"
_SET_PROGRESS = f"UPDATE progress SET ({PROGRESS_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


class FreeSlots:
    """Slots that no face uses: those given back first, then new ones at the end."""

    def __init__(self, used: NDArray[np.int64]) -> None:
        """Takes the slots in use."""
        self.end = int(used.max()) + 1 if len(used) else 0
        is_used = np.zeros(self.end, np.bool_)
        is_used[used] = True
        self._free: list[int] = np.flatnonzero(~is_used).tolist()

    def take(self, count: int) -> NDArray[np.int64]:
        """Slots for that many faces, ascending."""
        again = min(count, len(self._free))
        taken = sorted(self._free[len(self._free) - again :])
        del self._free[len(self._free) - again :]
        taken += range(self.end, self.end + count - again)
        self.end += count - again
        return np.array(taken, np.int64)

    def give_back(self, slots: Sequence[int]) -> None:
        """Takes back slots whose contents were wiped."""
        self._free += slots


@dataclass(slots=True)
class Effects:
    """What a change does outside the database, once it is committed."""

    put: list[FaceRow] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    log: list[tuple[str, int, int, str]] = field(default_factory=list)
    deletes: bool = False

    def extend(self, other: "Effects") -> None:
        """Adds what another change does."""
        self.put += other.put
        self.freed += other.freed
        self.taken += other.taken
        self.log += other.log
        self.deletes |= other.deletes


@dataclass(slots=True)
class Counters:
    """What a transaction counts: the sum of all rows' checksums and the next free numbers."""

    checksums: int
    next_person_row: int
    next_face_row: int

    def add(self, checksum: int) -> None:
        """Adds a row's checksum, or takes it away where negative."""
        self.checksums = add_checksums(self.checksums, checksum)


class Transaction:
    """The rows as this transaction sees them. Used by the one thread that writes."""

    def __init__(
        self,
        connection: Connection,
        progress: Progress,
        slots: FreeSlots,
        files: tuple[Slots, Slots],
        now_unix_s: float,
    ) -> None:
        """Begins at the progress of the last commit; `files` hold embeddings and crops."""
        self.connection = connection
        self.counters = Counters(*progress[3:])
        self._begun = progress
        self.now_unix_s = now_unix_s
        self.effects = Effects()
        self._slots = slots
        self._vectors, self._crops = files

    def person(self, person_id: str) -> PersonRow:
        """The person of an id; UnknownPerson where there is none."""
        found = self.find_person(person_id)
        if found is None:
            raise UnknownPerson(f"the gallery has no person {person_id!r}")
        return found

    def find_person(self, person_id: str) -> PersonRow | None:
        """The person of an id, or None."""
        found = self.connection.execute(_PERSON + "WHERE person_id = ?", (person_id,)).fetchone()
        return None if found is None else _named(opened(PersonRow, found), "person_id", person_id)

    def face(self, face_id: str) -> FaceRow:
        """The face of an id; UnknownFace where there is none."""
        found = self.find_face(face_id)
        if found is None:
            raise UnknownFace(f"the gallery has no face {face_id!r}")
        return found

    def find_face(self, face_id: str) -> FaceRow | None:
        """The face of an id, or None."""
        found = self.connection.execute(_FACE + "WHERE face_id = ?", (face_id,)).fetchone()
        return None if found is None else _named(opened(FaceRow, found), "face_id", face_id)

    def faces_of(self, person_row: int) -> list[FaceRow]:
        """A person's faces in order of enrolment."""
        found = self.connection.execute(
            _FACE + "WHERE person_row = ? ORDER BY face_row", (person_row,)
        )
        return [opened(FaceRow, columns) for columns in found.fetchall()]

    def face_count(self, person_row: int) -> int:
        """How many faces a person has."""
        query = "SELECT COUNT(*) FROM faces WHERE person_row = ?"
        return int(self.connection.execute(query, (person_row,)).fetchone()[0])

    def face_by_row(self, face_row: int) -> FaceRow | None:
        """The face of a row number, or None where it was deleted."""
        found = self.connection.execute(_FACE + "WHERE face_row = ?", (face_row,)).fetchone()
        return None if found is None else opened(FaceRow, found)

    def find_person_by_row(self, person_row: int) -> PersonRow | None:
        """The person of a row number, or None where they were deleted."""
        found = self.connection.execute(_PERSON + "WHERE person_row = ?", (person_row,)).fetchone()
        return None if found is None else opened(PersonRow, found)

    def person_by_row(self, person_row: int) -> PersonRow:
        """The person that a face's row names."""
        found = self.find_person_by_row(person_row)
        if found is None:
            raise GalleryInvalid(f"the gallery is damaged: a face has no person {person_row}")
        return found

    def put_person(self, row: PersonRow, change: str) -> PersonRow:
        """Writes a person; a row number of 0 makes a new one."""
        if row.person_row == 0:
            row = row._replace(person_row=self.counters.next_person_row, salt=new_salt())
            self.counters.next_person_row += 1
            self.connection.execute(_ADD_PERSON, columns := sealed(row))
        else:
            self.counters.add(-self._stored_checksum("person", row.person_row))
            columns = sealed(row)
            self.connection.execute(_SET_PERSON + "WHERE person_row = ?", (*columns, columns[0]))
        self.counters.add(columns[-1])
        self._log_person(change, row)
        return row

    def delete_person(self, row: PersonRow) -> None:
        """Deletes a person who has no faces."""
        self.connection.execute("DELETE FROM persons WHERE person_row = ?", (row.person_row,))
        self.counters.add(-checksum_of(row))
        self.effects.deletes = True
        self._log_person("person.delete", row)

    def store_contents(
        self, vectors: Sequence[NDArray[np.float32]], crops: Sequence[NDArray[np.uint8] | None]
    ) -> list[tuple[int, int, int]]:
        """Writes embeddings and crops into free slots: slot, vector sum and crop sum of each."""
        if not vectors:
            return []
        slots = self._slots.take(len(vectors))
        self.effects.taken += slots.tolist()
        words = to_words(np.stack(vectors))
        self._vectors.write(slots, words)
        crop_sums = [0] * len(slots)
        for place, crop in enumerate(crops):
            if crop is not None:
                content = to_words(crop[None])
                self._crops.write(slots[place : place + 1], content)
                crop_sums[place] = int(vector_sums(content)[0])
        return list(zip(slots.tolist(), vector_sums(words).tolist(), crop_sums, strict=True))

    def vector(self, face: FaceRow) -> NDArray[np.float32]:
        """A face's embedding, checked; filled up to its slot."""
        words = self._vectors.read(np.array([face.slot], np.int64))
        if int(vector_sums(words)[0]) != face.vector_sum:
            raise GalleryInvalid(f"the embedding of face {face.face_id!r} is damaged")
        vector: NDArray[np.float32] = words.view("<f4")[0]
        return vector

    def put_face(self, row: FaceRow, change: str) -> FaceRow:
        """Writes a face; a row number of 0 makes a new one."""
        if row.face_row == 0:
            row = row._replace(face_row=self.counters.next_face_row, salt=new_salt())
            self.counters.next_face_row += 1
            self.connection.execute(_ADD_FACE, columns := sealed(row))
        else:
            self.counters.add(-self._stored_checksum("face", row.face_row))
            columns = sealed(row)
            self.connection.execute(_SET_FACE + "WHERE face_row = ?", (*columns, columns[0]))
        self.counters.add(columns[-1])
        self.effects.put.append(row)
        self._log_face(change, row)
        return row

    def delete_face(self, row: FaceRow) -> None:
        """Deletes a face; its slot is wiped after the commit."""
        self.connection.execute("DELETE FROM faces WHERE face_row = ?", (row.face_row,))
        self.counters.add(-checksum_of(row))
        self.effects.freed.append(row.slot)
        self.effects.deletes = True
        self._log_face("face.delete", row)

    def finish(self) -> Progress:
        """Writes the log and the progress; nothing may be changed after it."""
        position, chain = self._begun.position, bytes.fromhex(self._begun.chain)
        entries: list[tuple[Any, ...]] = []
        for entry in self.effects.log:
            position += 1
            row = LogRow(position, self.now_unix_s, *entry)
            chain = chain_hash(chain, row)
            entries.append((*row, chain.hex()))
        self.connection.executemany(_ADD_LOG, entries)
        counters = self.counters
        progress = Progress(
            1,
            position,
            chain.hex(),
            counters.checksums,
            counters.next_person_row,
            counters.next_face_row,
        )
        self.connection.execute(_SET_PROGRESS, sealed(progress))
        return progress

    def _stored_checksum(self, kind: str, row: int) -> int:
        found = self.connection.execute(
            f"SELECT checksum FROM {kind}s WHERE {kind}_row = ?",  # noqa: S608
            (row,),
        ).fetchone()
        return int(found[0])

    def _log_person(self, change: str, row: PersonRow) -> None:
        commitment = commitment_to(row.person_id, row.salt)
        self.effects.log.append((change, row.person_row, 0, commitment))

    def _log_face(self, change: str, row: FaceRow) -> None:
        commitment = commitment_to(row.face_id, row.salt)
        self.effects.log.append((change, row.person_row, row.face_row, commitment))


def _named(row: Any, column: str, asked: str) -> Any:
    """The row, if the index that found it by a text led to a row with that text."""
    if getattr(row, column) != asked:
        raise GalleryInvalid(f"the gallery is damaged: its index of {column} names another row")
    return row
