"""From rows to what callers see, and the queries for it. A row that is damaged raises."""

import json
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid, UnknownFace, UnknownPerson
from facenet_res.core.types import FaceQuality
from facenet_res.gallery.checksums import commitment_to, row_checksum
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.records import FaceRow, LogRow, PersonRow, checksum_of, opened
from facenet_res.gallery.schema import (
    FACE_COLUMNS,
    HAS_METADATA,
    IN_NUMBERS,
    IN_TEXTS,
    LOG_COLUMNS,
    PERSON_COLUMNS,
)
from facenet_res.gallery.types import (
    Counts,
    EnrolledFace,
    Hit,
    LogEntry,
    Person,
    PersonFilter,
)

_FACES = f"SELECT {FACE_COLUMNS} FROM faces "  # noqa: S608
_PERSONS = f"SELECT {PERSON_COLUMNS} FROM persons "  # noqa: S608
_LOG = f"SELECT {LOG_COLUMNS} FROM log "  # noqa: S608
_COMMITTED = """
    SELECT position, commitment, person_id, persons.salt, face_id, faces.salt FROM log
    LEFT JOIN persons ON log.face_row = 0 AND persons.person_row = log.person_row
    LEFT JOIN faces ON faces.face_row = log.face_row
    WHERE position BETWEEN ? AND ? AND (person_id IS NOT NULL OR face_id IS NOT NULL)
"""
_NAMED = f"""
    SELECT {LOG_COLUMNS}, COALESCE(person_id, ''), COALESCE(face_id, '') FROM log
    LEFT JOIN (SELECT person_row, person_id FROM persons) AS named USING (person_row)
    LEFT JOIN (SELECT face_row, face_id FROM faces) AS known USING (face_row)
    WHERE position > ? ORDER BY position LIMIT ?
"""  # noqa: S608


def read_person(connection: Connection, person_id: str) -> Person:
    """One person with all faces; UnknownPerson where there is none."""
    row = find_person(connection, person_id)
    return to_person(row, read_faces_of(connection, row.person_row))


def find_person(connection: Connection, person_id: str) -> PersonRow:
    """The person's row; UnknownPerson where there is none."""
    found = connection.execute(_PERSONS + "WHERE person_id = ?", (person_id,)).fetchone()
    if found is None:
        raise UnknownPerson(f"the gallery has no person {person_id!r}")
    row = opened(PersonRow, found)
    if row.person_id != person_id:
        raise GalleryInvalid("the gallery is damaged: its index of person_id names another row")
    return row


def read_people(
    connection: Connection, page_size: int, after: str, where: PersonFilter
) -> list[Person]:
    """The next persons by id, with all their faces."""
    condition, values = _condition(where)
    found = connection.execute(
        _PERSONS + f"WHERE person_id > ? AND {condition} ORDER BY person_id LIMIT ?",
        (after, *values, page_size),
    )
    persons = [opened(PersonRow, columns) for columns in found.fetchall()]
    faces: dict[int, list[FaceRow]] = {person.person_row: [] for person in persons}
    for face in read_faces(connection, "person_row", faces):
        faces[face.person_row].append(face)
    return [to_person(person, faces[person.person_row]) for person in persons]


def rows_of_people(connection: Connection, where: PersonFilter) -> list[int]:
    """The row numbers of the people who count."""
    condition, values = _condition(where)
    found = connection.execute(f"SELECT person_row FROM persons WHERE {condition}", values)  # noqa: S608
    return [row for (row,) in found.fetchall()]


def read_faces_of(connection: Connection, person_row: int) -> list[FaceRow]:
    """A person's faces, in order of enrolment."""
    return read_faces(connection, "person_row", [person_row])


def read_faces(connection: Connection, column: str, values: Iterable[int]) -> list[FaceRow]:
    """The faces with one of these values in a column of row numbers, in order of enrolment."""
    query = _FACES + f"WHERE {column} {IN_NUMBERS} ORDER BY face_row"
    found = connection.execute(query, (json.dumps(list(values)),)).fetchall()
    return [opened(FaceRow, columns) for columns in found]


def read_persons(connection: Connection, person_rows: Iterable[int]) -> list[PersonRow]:
    """The persons of these row numbers."""
    query = _PERSONS + f"WHERE person_row {IN_NUMBERS}"
    found = connection.execute(query, (json.dumps(list(person_rows)),)).fetchall()
    return [opened(PersonRow, columns) for columns in found]


def find_face_with_crop(connection: Connection, face_id: str) -> FaceRow:
    """The row of a face whose crop is kept; UnknownFace where there is none."""
    found = connection.execute(_FACES + "WHERE face_id = ?", (face_id,)).fetchone()
    if found is None:
        raise UnknownFace(f"the gallery has no face {face_id!r}")
    row = opened(FaceRow, found)
    if row.crop_sum == 0:
        raise UnknownFace(f"the gallery keeps no crop of face {face_id!r}")
    return row


def read_counts(connection: Connection) -> Counts:
    """How many persons and faces there are."""
    query = "SELECT (SELECT COUNT(*) FROM persons), (SELECT COUNT(*) FROM faces)"
    return Counts(*connection.execute(query).fetchone())


def read_position(connection: Connection) -> int:
    """Where the log ends."""
    return int(connection.execute("SELECT position FROM progress").fetchone()[0])


def read_entries(connection: Connection, after: int, entries_max: int) -> list[LogEntry]:
    """The next entries of the log as callers see them."""
    found = connection.execute(_NAMED, (after, entries_max)).fetchall()
    return [_entry(LogRow(*each[:6]), *each[6:]) for each in found]


def _entry(row: LogRow, chain: str, person_id: str, face_id: str) -> LogEntry:
    return LogEntry(
        row.position,
        row.at_unix_s,
        row.change,
        person_id,
        face_id,
        chain,
        row.person_row,
        row.face_row,
        row.commitment,
    )


def read_log(connection: Connection, after: int, entries_max: int) -> list[tuple[LogRow, str]]:
    """The next entries of the log, each with its chain hash."""
    found = connection.execute(
        _LOG + "WHERE position > ? ORDER BY position LIMIT ?", (after, entries_max)
    )
    return [(LogRow(*columns[:-1]), columns[-1]) for columns in found.fetchall()]


def check_commitments(connection: Connection, first: int, last: int) -> None:
    """Checks that entries of the log name the people and faces that are there.

    Raises:
        GalleryInvalid: a row has taken another's place.
    """
    found = connection.execute(_COMMITTED, (first, last))
    for position, commitment, person_id, person_salt, face_id, face_salt in found:
        text, salt = (face_id, face_salt) if face_id else (person_id, person_salt)
        if commitment_to(text, salt) != commitment:
            raise GalleryInvalid(
                f"entry {position} of the audit log is of another than {text!r}; restore a backup"
            )


def to_face(row: FaceRow, person: PersonRow) -> EnrolledFace:
    """A face as callers see it."""
    quality = FaceQuality(**json.loads(row.quality)) if row.quality else None
    return EnrolledFace(
        row.face_id,
        person.person_id,
        row.source,
        row.enrolled_unix_s,
        row.source_sha256,
        quality,
        row.crop_sum != 0,
    )


def to_hit(face: FaceRow, person: PersonRow, vector: NDArray[np.float32]) -> Hit:
    """A face that a search found."""
    expires = math.inf if person.expires_unix_s is None else person.expires_unix_s
    return Hit(face.face_id, person.person_id, person.person_row, expires, vector)


def to_person(row: PersonRow, faces: Sequence[FaceRow]) -> Person:
    """A person as callers see them."""
    state = row_checksum([checksum_of(row), *(checksum_of(face) for face in faces)])
    return Person(
        row.person_id,
        row.name,
        json.loads(row.metadata),
        row.created_unix_s,
        tuple(to_face(face, row) for face in faces),
        math.inf if row.expires_unix_s is None else row.expires_unix_s,
        f"{state & (2**64 - 1):016x}",
    )


def _condition(where: PersonFilter) -> tuple[str, tuple[str, ...]]:
    conditions, values = ["TRUE"], []
    if where.person_ids is not None:
        conditions.append(f"person_id {IN_TEXTS}")
        values.append(json.dumps(sorted(where.person_ids)))
    if where.metadata:
        conditions.append(HAS_METADATA)
        values.append(json.dumps(dict(where.metadata)))
    return " AND ".join(conditions), tuple(values)
