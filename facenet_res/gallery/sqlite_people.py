"""Reads persons with their faces out of the database, and writes a person's row."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from facenet_res.core.errors import GalleryInvalid, UnknownPerson
from facenet_res.gallery.types import EnrolledFace, FaceRecord, Person

PERSON_COLUMNS = "person_row, person_id, name, metadata_json, created_unix_s"

PersonRow = tuple[int, str, str, str, float]


def find_person(connection: sqlite3.Connection, person_id: str) -> int:
    """The person's row number.

    Raises:
        UnknownPerson: there is none of this id.
    """
    found = connection.execute(
        "SELECT person_row FROM persons WHERE person_id = ?", (person_id,)
    ).fetchone()
    if found is None:
        raise UnknownPerson(f"the gallery has no person {person_id!r}")
    return int(found[0])


def read_person(connection: sqlite3.Connection, person_id: str) -> Person:
    """One person with all faces.

    Raises:
        UnknownPerson: there is none of this id.
    """
    person_row = find_person(connection, person_id)
    return _with_faces(
        connection,
        connection.execute(
            f"SELECT {PERSON_COLUMNS} FROM persons WHERE person_row = ?",  # noqa: S608
            (person_row,),
        ).fetchall(),
    )[0]


def read_people(connection: sqlite3.Connection, page_size: int, after: str) -> list[Person]:
    """The next persons by id, with all their faces."""
    return _with_faces(
        connection,
        connection.execute(
            f"SELECT {PERSON_COLUMNS} FROM persons "  # noqa: S608
            "WHERE person_id > ? ORDER BY person_id LIMIT ?",
            (after, page_size),
        ).fetchall(),
    )


def write_person(connection: sqlite3.Connection, record: FaceRecord) -> int:
    """Makes the person of an enrolment, or gives them its name and metadata; their row number."""
    connection.execute(
        """
        INSERT INTO persons (person_id, name, metadata_json, created_unix_s) VALUES (?, ?, ?, ?)
        ON CONFLICT (person_id) DO UPDATE SET
            name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END,
            metadata_json = CASE excluded.metadata_json
                WHEN '{}' THEN metadata_json ELSE excluded.metadata_json END
        """,
        (
            record.face.person_id,
            record.name,
            json.dumps(dict(record.metadata), ensure_ascii=False),
            record.face.enrolled_unix_s,
        ),
    )
    return find_person(connection, record.face.person_id)


def _with_faces(connection: sqlite3.Connection, persons: Iterable[PersonRow]) -> list[Person]:
    ids = {person_row: person_id for person_row, person_id, *_ in persons}
    faces: defaultdict[int, list[EnrolledFace]] = defaultdict(list)
    # As JSON, because the number of parameters of a statement has a limit.
    listed = connection.execute(
        """
        SELECT person_row, face_id, source, enrolled_unix_s FROM faces
        WHERE person_row IN (SELECT value FROM json_each(?)) ORDER BY face_row
        """,
        (json.dumps(list(ids)),),
    )
    for person_row, face_id, source, enrolled_unix_s in listed:
        faces[person_row].append(EnrolledFace(face_id, ids[person_row], source, enrolled_unix_s))
    return [
        Person(person_id, name, _metadata(person_id, content), created, tuple(faces[person_row]))
        for person_row, person_id, name, content, created in persons
    ]


def _metadata(person_id: str, content: str) -> dict[str, str]:
    try:
        metadata: dict[str, str] = json.loads(content)
    except json.JSONDecodeError as error:
        raise GalleryInvalid(f"the metadata of {person_id!r} is damaged: {error}") from error
    return metadata
