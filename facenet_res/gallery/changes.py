"""What a gallery can be asked to change, as functions of a transaction."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from facenet_res.core.errors import (
    ArgumentInvalid,
    EtagMismatch,
    FaceExists,
)
from facenet_res.gallery.records import (
    FaceRow,
    PersonRow,
    to_json,
)
from facenet_res.gallery.transaction import Transaction
from facenet_res.gallery.types import (
    DeletionReceipt,
    EnrolledFace,
    Enrollment,
    Person,
    PersonUpdate,
)
from facenet_res.gallery.views import to_face, to_person

SAME_FACE_SIMILARITY = 0.999
"""A retry embeds the same crop again, maybe in another batch: the last bits may differ."""

EXPIRED_AT_ONCE = 1000

Answer = TypeVar("Answer")
Change = Callable[[Transaction], Answer]


def add_faces(
    transaction: Transaction, enrollments: Sequence[Enrollment], faces_per_person_max: int
) -> list[EnrolledFace]:
    """Enrols checked faces, each with an id; a face that is there already is returned as it is.

    The name and the metadata of an enrolment reach the person in either case.

    Raises:
        FaceExists: an id is taken by another face.
        ArgumentInvalid: a person would have more faces than allowed.
    """
    fresh: dict[str, Enrollment] = {}
    ids = {enrollment.person_id for enrollment in enrollments}
    people = {person_id: _live_person(transaction, person_id) for person_id in ids}
    face_counts: dict[int, int] = {}
    for enrollment in enrollments:
        face_id = str(enrollment.face_id)
        if face_id not in fresh and _live_face(transaction, face_id) is None:
            fresh[face_id] = enrollment
    stored = transaction.store_contents(
        [one.embedding for one in fresh.values()], [one.crop for one in fresh.values()]
    )
    contents = dict(zip(fresh, stored, strict=True))
    faces: list[EnrolledFace] = []
    for enrollment in enrollments:
        content = contents.pop(str(enrollment.face_id), None)
        if content is None:
            faces.append(_retried(transaction, enrollment))
        known = people[enrollment.person_id]
        person = people[enrollment.person_id] = _enrolled_person(transaction, enrollment, known)
        if content is None:
            continue
        if person.person_row not in face_counts:
            count = transaction.face_count(person.person_row) if known else 0
            face_counts[person.person_row] = count
        _check_room(person, face_counts[person.person_row], faces_per_person_max)
        face_counts[person.person_row] += 1
        row = _face_row(enrollment, person, content, transaction.now_unix_s)
        faces.append(to_face(transaction.put_face(row, "face.add"), person))
    return faces


@dataclass(frozen=True, slots=True)
class AddFaces:
    """`add_faces` as a change, which may be joined with those of other callers."""

    enrollments: Sequence[Enrollment]
    faces_per_person_max: int

    def __call__(self, transaction: Transaction) -> list[EnrolledFace]:
        """Enrols the faces."""
        return add_faces(transaction, self.enrollments, self.faces_per_person_max)


def delete_people(transaction: Transaction, person_ids: Sequence[str]) -> list[DeletionReceipt]:
    """Deletes people and all their faces; UnknownPerson where one is not there."""
    receipts: list[DeletionReceipt] = []
    for person_id in person_ids:
        person = transaction.person(person_id)
        faces = transaction.faces_of(person.person_row)
        for face in faces:
            transaction.delete_face(face)
        transaction.delete_person(person)
        rows_left = transaction.face_count(person.person_row)
        receipts.append(
            DeletionReceipt(person_id, "", len(faces), transaction.now_unix_s, rows_left)
        )
    return receipts


def delete_faces(transaction: Transaction, face_ids: Sequence[str]) -> list[DeletionReceipt]:
    """Deletes faces; their people stay. UnknownFace where one is not there."""
    receipts: list[DeletionReceipt] = []
    for face_id in face_ids:
        face = transaction.face(face_id)
        person = transaction.person_by_row(face.person_row)
        transaction.delete_face(face)
        rows_left = int(transaction.find_face(face_id) is not None)
        receipts.append(
            DeletionReceipt(person.person_id, face_id, 1, transaction.now_unix_s, rows_left)
        )
    return receipts


def delete_expired(transaction: Transaction) -> list[DeletionReceipt]:
    """Deletes people whose time is over, a limited number at once."""
    found = transaction.connection.execute(
        "SELECT person_id FROM persons WHERE expires_unix_s <= ? LIMIT ?",
        (transaction.now_unix_s, EXPIRED_AT_ONCE),
    )
    return delete_people(transaction, [person_id for (person_id,) in found.fetchall()])


def update_person(transaction: Transaction, person_id: str, update: PersonUpdate) -> Person:
    """Replaces the fields that are given.

    Raises:
        UnknownPerson: there is none of this id.
        EtagMismatch: the person has changed since the caller read them.
    """
    row = _live_person(transaction, person_id) or transaction.person(person_id)
    etag = to_person(row, transaction.faces_of(row.person_row)).etag
    if update.etag not in {None, etag}:
        raise EtagMismatch(
            f"person {person_id!r} has changed: etag is {etag}, got {update.etag}; read it again"
        )
    changed = _updated(row, update)
    if changed != row:
        transaction.put_person(changed, "person.update")
    return to_person(changed, transaction.faces_of(row.person_row))


def move_faces(
    transaction: Transaction, face_ids: Sequence[str], person_id: str, faces_per_person_max: int
) -> Person:
    """Gives faces to a person, who is made if new.

    Raises:
        UnknownFace: there is no face of an id.
        ArgumentInvalid: the person would have more faces than allowed.
    """
    person = _live_person(transaction, person_id) or transaction.put_person(
        PersonRow(0, person_id, "", "{}", transaction.now_unix_s, None), "person.add"
    )
    for face_id in face_ids:
        face = _live_face(transaction, face_id) or transaction.face(face_id)
        if face.person_row != person.person_row:
            faces = transaction.face_count(person.person_row)
            _check_room(person, faces, faces_per_person_max)
            moved = face._replace(person_row=person.person_row)
            transaction.put_face(moved, "face.move")
    return to_person(person, transaction.faces_of(person.person_row))


def merge_people(
    transaction: Transaction, person_ids: Sequence[str], into: str, faces_per_person_max: int
) -> Person:
    """Gives all faces of some people to another, who must be there, and deletes those people."""
    target = _live_person(transaction, into) or transaction.person(into)
    for person_id in person_ids:
        source = _live_person(transaction, person_id) or transaction.person(person_id)
        if source.person_row == target.person_row:
            continue
        faces = [face.face_id for face in transaction.faces_of(source.person_row)]
        move_faces(transaction, faces, into, faces_per_person_max)
        transaction.delete_person(source)
    return to_person(target, transaction.faces_of(target.person_row))


def import_person(
    transaction: Transaction,
    person_id: str,
    update: PersonUpdate,
    enrollments: Sequence[Enrollment],
    faces_per_person_max: int,
) -> None:
    """Makes a person, maybe without a face, and enrols their faces; see `add_faces`."""
    add_faces(transaction, enrollments, faces_per_person_max)
    move_faces(transaction, [], person_id, faces_per_person_max)
    update_person(transaction, person_id, update)


def _live_person(transaction: Transaction, person_id: str) -> PersonRow | None:
    """The person, or None: one whose time is over is deleted first, so that nobody joins them."""
    person = transaction.find_person(person_id)
    if person is None or not _is_over(transaction, person):
        return person
    delete_people(transaction, [person_id])
    return None


def _live_face(transaction: Transaction, face_id: str) -> FaceRow | None:
    """The face, or None: a person whose time is over is deleted with all faces."""
    face = transaction.find_face(face_id)
    if face is None:
        return None
    person = transaction.person_by_row(face.person_row)
    return face if _live_person(transaction, person.person_id) else None


def _is_over(transaction: Transaction, person: PersonRow) -> bool:
    return person.expires_unix_s is not None and person.expires_unix_s <= transaction.now_unix_s


def _enrolled_person(
    transaction: Transaction, enrollment: Enrollment, known: PersonRow | None
) -> PersonRow:
    """The person of an enrolment, made or updated by it."""
    update = PersonUpdate(
        name=enrollment.name or None,
        metadata=enrollment.metadata or None,
        expires_unix_s=enrollment.expires_unix_s,
    )
    before = known or PersonRow(0, enrollment.person_id, "", "{}", transaction.now_unix_s, None)
    after = _updated(before, update)
    if known is None:
        return transaction.put_person(after, "person.add")
    return after if after == known else transaction.put_person(after, "person.update")


def _updated(row: PersonRow, update: PersonUpdate) -> PersonRow:
    expires = row.expires_unix_s
    if update.expires_unix_s is not None:
        expires = None if math.isinf(update.expires_unix_s) else float(update.expires_unix_s)
    return row._replace(
        name=row.name if update.name is None else update.name,
        metadata=row.metadata if update.metadata is None else to_json(dict(update.metadata)),
        expires_unix_s=expires,
    )


def _face_row(
    enrollment: Enrollment, person: PersonRow, content: tuple[int, int, int], now_unix_s: float
) -> FaceRow:
    slot, vector_sum, crop_sum = content
    return FaceRow(
        face_row=0,
        face_id=str(enrollment.face_id),
        person_row=person.person_row,
        slot=slot,
        vector_sum=vector_sum,
        source=enrollment.source,
        source_sha256=enrollment.source_sha256,
        quality=to_json(asdict(enrollment.quality)) if enrollment.quality else "",
        crop_sum=crop_sum,
        enrolled_unix_s=now_unix_s,
    )


def _check_room(person: PersonRow, faces: int, faces_max: int) -> None:
    if faces >= faces_max:
        raise ArgumentInvalid(f"{person.person_id!r} has {faces} faces, limit is {faces_max}")


def _retried(transaction: Transaction, enrollment: Enrollment) -> EnrolledFace:
    """The face that the first try enrolled, if this is a retry of it."""
    face = transaction.face(str(enrollment.face_id))
    person = transaction.person_by_row(face.person_row)
    if person.person_id != enrollment.person_id:
        raise FaceExists(
            f"face {face.face_id!r} belongs to {person.person_id!r}, "
            f"not to {enrollment.person_id!r}"
        )
    stored = transaction.vector(face)[: len(enrollment.embedding)]
    similarity = float(stored @ enrollment.embedding)
    if similarity < SAME_FACE_SIMILARITY:
        raise FaceExists(
            f"face {face.face_id!r} of {person.person_id!r} is another image: similarity "
            f"{similarity:.4f}, a retry has at least {SAME_FACE_SIMILARITY}"
        )
    return to_face(face, person)
