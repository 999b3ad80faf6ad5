"""How one change of a group runs on either database: undone alone, and repeated by request."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from facenet_res.core.errors import DiskFull, FacenetError
from facenet_res.core.types import FaceQuality
from facenet_res.gallery.changes import remember, repeated
from facenet_res.gallery.records import to_json
from facenet_res.gallery.transaction import Effects, Transaction
from facenet_res.gallery.types import DeletionReceipt, EnrolledFace, Person
from facenet_res.gallery.writer import Job

ANSWERS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (EnrolledFace, DeletionReceipt, Person)
}


def run_job(
    job: Job, transaction: Transaction, effects: Effects, undo: Callable[[Effects], None]
) -> None:
    """Runs one change so that its failure undoes it alone.

    Args:
        job: gets its answer, or its error.
        transaction: open.
        effects: of the changes before; those of this one are added.
        undo: gives back the slots that a failed change has filled.
    """
    connection, counters = transaction.connection, replace(transaction.counters)
    transaction.effects = Effects()
    connection.execute("SAVEPOINT job")
    try:
        job.answer = _answered(job, transaction)
    except FacenetError as error:
        if isinstance(error, DiskFull):
            raise
        job.error = error
        connection.execute("ROLLBACK TO job")
        undo(transaction.effects)
        transaction.counters = counters
    else:
        effects.extend(transaction.effects)
    connection.execute("RELEASE job")


def _answered(job: Job, transaction: Transaction) -> Any:
    if job.request is None:
        return job.change(transaction)
    known = repeated(transaction, job.request)
    if known is not None:
        return _from_json(known)
    answer = job.change(transaction)
    remember(transaction, job.request, _to_json(answer))
    return answer


def _to_json(answer: Any) -> str:
    """JSON of an answer or of a list of answers."""
    if isinstance(answer, list):
        return to_json([[type(one).__name__, asdict(one)] for one in answer])
    return to_json([type(answer).__name__, asdict(answer)])


def _from_json(text: str) -> Any:
    """The answer that `_to_json` wrote."""
    content = json.loads(text)
    if content and isinstance(content[0], str):
        return _value(*content)
    return [_value(*one) for one in content]


def _value(name: str, fields: dict[str, Any]) -> Any:
    if fields.get("quality") is not None:
        fields["quality"] = FaceQuality(**fields["quality"])
    if "faces" in fields and isinstance(fields["faces"], list):
        fields["faces"] = tuple(_value("EnrolledFace", face) for face in fields["faces"])
    return ANSWERS[name](**fields)
