"""Answers to repeated requests, kept without a word about anybody.

What is kept are keyed hashes of the request's id and contents, and row numbers. A repeated request
names the ids itself; everything else is read from the rows as they stand now. So a deletion leaves
nothing behind here, and a repetition never tells of a person who is gone (compare AIP-155).
"""

import json
from collections.abc import Sequence
from typing import Any

from facenet_res.core.errors import RequestConflict, UnknownFace, UnknownPerson
from facenet_res.gallery.checksums import keyed_hash
from facenet_res.gallery.records import RequestRow, opened, sealed, to_json
from facenet_res.gallery.transaction import Transaction
from facenet_res.gallery.types import DeletionReceipt, EnrolledFace, Person, Request
from facenet_res.gallery.views import to_face, to_person

REQUESTS_KEPT_S = 24 * 3600.0


def remember(transaction: Transaction, request: Request, answer: Any) -> None:
    """Keeps that a request was carried out, for 24 hours."""
    forget_old(transaction)
    row = RequestRow(
        *_hashes(transaction, request),
        to_json(_reference_to(transaction, answer)),
        transaction.now_unix_s,
    )
    transaction.connection.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", sealed(row))


def forget_old(transaction: Transaction) -> None:
    """Deletes what is kept of requests for longer than 24 hours."""
    transaction.connection.execute(
        "DELETE FROM requests WHERE at_unix_s < ?", (transaction.now_unix_s - REQUESTS_KEPT_S,)
    )


def repeated(transaction: Transaction, request: Request) -> Any | None:
    """The answer to a request that was carried out before, or None where it is new.

    Raises:
        RequestConflict: another request had this id.
        UnknownFace, UnknownPerson: what it enrolled or changed was deleted since.
    """
    request_hash, contents_hash = _hashes(transaction, request)
    found = transaction.connection.execute(
        "SELECT * FROM requests WHERE request_id = ?", (request_hash,)
    ).fetchone()
    if found is None or found[3] < transaction.now_unix_s - REQUESTS_KEPT_S:
        return None
    row = opened(RequestRow, found)
    if row.contents != contents_hash:
        raise RequestConflict(f"request {request.request_id!r} had other contents before")
    kind, reference = json.loads(row.answer)
    if kind == "person":
        return _person(transaction, request, reference)
    if kind == "faces":
        return _faces(transaction, request, reference)
    return [
        _receipt(transaction, subject, is_face=kind == "deleted faces", kept=kept)
        for subject, kept in zip(request.subjects, reference, strict=True)
    ]


def _hashes(transaction: Transaction, request: Request) -> tuple[str, str]:
    (key,) = transaction.connection.execute("SELECT request_key FROM meta").fetchone()
    return keyed_hash(request.request_id, key), keyed_hash(request.contents, key)


def _reference_to(transaction: Transaction, answer: Any) -> tuple[str, Any]:
    if isinstance(answer, Person):
        return "person", transaction.person(answer.person_id).person_row
    if answer and isinstance(answer[0], EnrolledFace):
        return "faces", [transaction.face(one.face_id).face_row for one in answer]
    kind = "deleted faces" if answer and answer[0].face_id else "deleted people"
    return kind, [_numbers_of(transaction, receipt) for receipt in answer]


def _numbers_of(transaction: Transaction, receipt: DeletionReceipt) -> tuple[int, int, float, int]:
    """A receipt without its ids; with the row of the person, where only a face was deleted."""
    owner = transaction.find_person(receipt.person_id) if receipt.face_id else None
    row = owner.person_row if owner else 0
    return row, receipt.faces, receipt.deleted_unix_s, receipt.rows_left


def _person(transaction: Transaction, request: Request, person_row: int) -> Person:
    row = transaction.find_person_by_row(person_row)
    if row is None:
        raise UnknownPerson(
            f"request {request.request_id!r} was carried out; its person was deleted since"
        )
    return to_person(row, transaction.faces_of(person_row))


def _faces(
    transaction: Transaction, request: Request, face_rows: Sequence[int]
) -> list[EnrolledFace]:
    rows = [transaction.face_by_row(face_row) for face_row in face_rows]
    if gone := rows.count(None):
        raise UnknownFace(
            f"request {request.request_id!r} was carried out; {gone} of its {len(rows)} faces "
            "were deleted since"
        )
    return [to_face(row, transaction.person_by_row(row.person_row)) for row in rows if row]


def _receipt(
    transaction: Transaction, subject: str, *, is_face: bool, kept: Sequence[Any]
) -> DeletionReceipt:
    person_row, faces, deleted_unix_s, rows_left = kept
    if not is_face:
        return DeletionReceipt(subject, "", faces, deleted_unix_s, rows_left)
    owner = transaction.find_person_by_row(person_row)
    person_id = owner.person_id if owner else ""
    return DeletionReceipt(person_id, subject, faces, deleted_unix_s, rows_left)
