"""How one change of a group runs on either database: undone alone, and repeated by request."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from facenet_res.core.errors import DiskFull, FacenetError
from facenet_res.gallery.answers import forget_old, remember, repeated
from facenet_res.gallery.changes import delete_expired
from facenet_res.gallery.transaction import Effects, Transaction
from facenet_res.gallery.types import DeletionReceipt
from facenet_res.gallery.writer import Job


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
