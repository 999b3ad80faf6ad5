"""How a group of changes becomes durable, step by step.

1. Each change runs in a savepoint of one transaction; new vectors go into free slots.
2. The slot files are flushed, then the transaction commits: the changes are durable.
3. The table in memory and the head file follow, so that a shorter log is noticed on opening.
4. Slots of deleted faces are overwritten, flushed and read back; the write-ahead log is emptied.
5. Callers get their answers.

A crash before 2 undoes all; after it, opening wipes the slots that no face refers to.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DiskFull, FacenetError
from facenet_res.gallery.folder import Ballast
from facenet_res.gallery.head import Head, HeadFile
from facenet_res.gallery.records import Progress
from facenet_res.gallery.running import run_jobs, swept
from facenet_res.gallery.slots import SlotFile
from facenet_res.gallery.sqlite_database import READER_WAIT_S, SqliteDatabase
from facenet_res.gallery.table import FaceTable
from facenet_res.gallery.transaction import Effects, FreeSlots, Transaction
from facenet_res.gallery.types import DeletionReceipt
from facenet_res.gallery.writer import Job

log = logging.getLogger(__name__)


class Committer:
    """The state that only the writing thread uses."""

    def __init__(
        self,
        database: SqliteDatabase,
        files: tuple[SlotFile, SlotFile],
        head: HeadFile,
        table: FaceTable,
        progress: Progress,
        outside: tuple[Ballast, Callable[[], float]],
    ) -> None:
        """Goes on from the progress of the last commit; `outside` are disk reserve and clock."""
        self._database = database
        self._files = files
        self._head = head
        self._table = table
        self.progress = progress
        self._ballast, self._clock = outside
        self._slots = FreeSlots(table.used_slots())
        self._unwiped: list[int] = []
        self._has_texts = False

    def commit(self, jobs: list[Job]) -> None:
        """Does the jobs and sets their answers and errors."""
        try:
            has_deleted = self._commit(jobs)
        except Exception as error:
            if len(jobs) > 1:
                # One of them may be at fault: each gets a transaction of its own.
                for job in jobs:
                    self.commit([job])
                return
            (job,) = jobs
            job.answer, job.error = None, error
            if job.is_deletion and isinstance(error, DiskFull) and self._ballast.release():
                job.error = None
                self.commit([job])
            return
        if self._unwiped or has_deleted:
            self._purge(jobs)
        elif self._has_texts:
            self._empty_log(wait_s=0.0)
        self._database.trim_log()

    def idle(self) -> None:
        """Does what nobody waits for: flushes the head, and empties the log where it has to be."""
        self._head.flush()
        if self._has_texts:
            self._empty_log()

    def sweep(self) -> bool:
        """Deletes some of the people whose time is over, and old answers; whether it found any."""
        job = Job(swept, is_deletion=True)
        self.commit([job])
        if job.error is not None:
            raise job.error
        return bool(job.answer)

    def wipe(self, slots: NDArray[np.int64]) -> None:
        """Overwrites slots on the disk, crops first: a wiped vector means that both are gone."""
        for file in reversed(self._files):
            file.wipe(slots)
            file.flush()

    def _commit(self, jobs: list[Job]) -> bool:
        """Makes the jobs durable; whether something was deleted."""
        effects = Effects()
        with self._database.writing() as connection:
            transaction = Transaction(
                connection, self.progress, self._slots, self._files, self._clock()
            )
            try:
                run_jobs(jobs, transaction, effects, self._undo)
                transaction.effects = effects
                progress = transaction.finish() if effects.log else self.progress
                if effects.taken:
                    self._files[0].flush()
                    self._files[1].flush()
            except BaseException:
                for undone in (transaction.effects, effects):
                    self._undo(undone)
                raise
        # A failed commit leaves the slots taken and unused until the gallery is opened again.
        self.progress = progress
        self._table.put(effects.put)
        self._table.free(effects.freed)
        if effects.log:
            self._write_head()
        self._unwiped += effects.freed
        self._has_texts |= effects.deletes
        return effects.deletes

    def _write_head(self) -> None:
        """Writes the head; where that fails, the changes are durable all the same."""
        try:
            self._head.write(Head(self.progress.position, bytes.fromhex(self.progress.chain)))
        except FacenetError:
            log.exception("the head file is behind: a lost write-ahead log would not be noticed")

    def _undo(self, effects: Effects) -> None:
        """Wipes and gives back the slots that a failed change has filled."""
        if effects.taken:
            self.wipe(np.array(effects.taken, np.int64))
            self._slots.give_back(effects.taken)
            effects.taken = []

    def _purge(self, jobs: list[Job]) -> None:
        """Overwrites the slots of deleted faces and empties the log of their texts."""
        slots = np.sort(np.array(self._unwiped, np.int64))
        try:
            self.wipe(slots)
        except FacenetError as error:
            # The faces are gone for every answer; the next group tries to wipe them again.
            for job in jobs:
                if job.is_deletion and job.error is None:
                    job.error = error
            return
        self._slots.give_back(slots.tolist())
        self._unwiped = []
        self._empty_log()
        if self._has_texts:
            for job in jobs:
                if job.is_deletion and job.error is None:
                    job.answer = _noted(job.answer)
        self._ballast.fill()

    def _empty_log(self, wait_s: float = READER_WAIT_S) -> None:
        """Takes deleted texts out of the log; where the disk is full, or it is read, later."""
        for is_last in (False, True):
            try:
                self._has_texts = not self._database.empty_log(wait_s)
            except DiskFull:
                self._has_texts = True
                if not is_last:
                    self._ballast.release()
            else:
                return


def _noted(answer: Any) -> Any:
    """A deletion's receipts, saying that texts are left for a moment."""
    return [
        replace(one, texts_left=True) if isinstance(one, DeletionReceipt) else one for one in answer
    ]
