"""How the changes of a group run on either database: undone alone, and repeated by request."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from facenet_res.core.errors import DiskFull, FacenetError
from facenet_res.gallery.answers import forget_old, remember, repeated
from facenet_res.gallery.changes import AddFaces, delete_expired
from facenet_res.gallery.transaction import Effects, Transaction
from facenet_res.gallery.types import DeletionReceipt
from facenet_res.gallery.writer import Job

TOGETHER_MAX = 1024
"""Faces of several callers that are enrolled as one change."""


def run_jobs(
    jobs: Sequence[Job], transaction: Transaction, effects: Effects, undo: Callable[[Effects], None]
) -> None:
    """Runs the changes of a group in order, enrolments that follow each other as one.

    Most of what an enrolment costs is the same for one face and for many. Where the one change
    fails, each enrolment is run alone. See `run_job`.
    """
    for several in _together(jobs):
        if len(several) > 1:
            enrollments = [one for job in several for one in job.change.enrollments]
            joint = Job(replace(several[0].change, enrollments=enrollments))
            run_job(joint, transaction, effects, undo)
            if joint.error is None:
                answers = iter(joint.answer)
                for job in several:
                    job.error = None
                    job.answer = list(islice(answers, len(job.change.enrollments)))
                continue
        for job in several:
            run_job(job, transaction, effects, undo)


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
    job.answer = job.error = None
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


def _together(jobs: Sequence[Job]) -> Iterator[list[Any]]:
    """Jobs one by one, but enrolments under the same limit that follow each other together."""
    group: list[Job] = []
    limit, faces = 0, 0
    for job in jobs:
        change = job.change
        if not isinstance(change, AddFaces) or job.request is not None:
            yield from ([group] if group else [])
            yield [job]
            group = []
            continue
        count = len(change.enrollments)
        if group and (limit != change.faces_per_person_max or faces + count > TOGETHER_MAX):
            yield group
            group = []
        if not group:
            limit, faces = change.faces_per_person_max, 0
        group.append(job)
        faces += count
    if group:
        yield group


def swept(transaction: Transaction) -> list[DeletionReceipt]:
    """Deletes some of the people whose time is over, and old answers."""
    forget_old(transaction)
    return delete_expired(transaction)


def _answered(job: Job, transaction: Transaction) -> Any:
    if job.request is None:
        return job.change(transaction)
    known = repeated(transaction, job.request)
    if known is not None:
        return known
    answer = job.change(transaction)
    remember(transaction, job.request, answer)
    return answer
