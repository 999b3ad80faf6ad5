"""How a group of changes becomes durable in PostgreSQL, whoever else writes there.

1. The transaction locks the row of `progress`: writers of all processes take turns.
2. The process follows the log to its end, so that it knows which slots are free.
3. Each change runs in a savepoint; embeddings, crops, rows and log are of one transaction.
4. It commits: durable on the server, and on a synchronous standby where there is one.
5. Table and embeddings in memory follow, and callers get their answers.

Where the connection breaks in a commit, the log tells whether it was made: the hash of its chain
at the new position is that of no other commit.
"""

from collections.abc import Callable

from facenet_res.core.errors import GalleryUnavailable
from facenet_res.gallery import checking
from facenet_res.gallery.database_store import CROP_BYTES
from facenet_res.gallery.postgres_connection import PostgresConnection
from facenet_res.gallery.postgres_database import (
    CommitUncertain,
    ConnectionLost,
    PostgresDatabase,
)
from facenet_res.gallery.postgres_replica import Replica
from facenet_res.gallery.postgres_slots import CROPS, VECTORS, SlotTable
from facenet_res.gallery.records import Progress
from facenet_res.gallery.running import run_jobs, swept
from facenet_res.gallery.transaction import Effects, FreeSlots, Transaction
from facenet_res.gallery.writer import Job

ATTEMPTS_MAX = 5


class PostgresCommitter:
    """The state that only the writing thread of this process uses."""

    def __init__(
        self,
        database: PostgresDatabase,
        replica: Replica,
        vector_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        """Takes the open parts."""
        self._database = database
        self._replica = replica
        self._vector_bytes = vector_bytes
        self._clock = clock
        self._slots = FreeSlots(replica.table.used_slots())
        self._slots_position = replica.position

    def commit(self, jobs: list[Job]) -> None:
        """Does the jobs and sets their answers and errors."""
        try:
            self._commit_surely(jobs)
        except GalleryUnavailable:
            # The next one would fare no better.
            raise
        except Exception as error:
            if len(jobs) > 1:
                # One of them may be at fault: each gets a transaction of its own.
                for job in jobs:
                    self.commit([job])
                return
            jobs[0].answer, jobs[0].error = None, error

    def sweep(self) -> bool:
        """Deletes some of the people whose time is over, and old answers; whether it found any."""
        job = Job(swept, is_deletion=True)
        self.commit([job])
        if job.error is not None:
            raise job.error
        return bool(job.answer)

    def idle(self) -> None:
        """Between changes there is nothing to be done."""

    def _commit_surely(self, jobs: list[Job]) -> None:
        """Repeats a transaction that was undone because the connection broke."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                self._commit(jobs)
            except ConnectionLost:
                if attempt == ATTEMPTS_MAX:
                    raise
            else:
                return

    def _commit(self, jobs: list[Job]) -> None:
        effects = Effects()
        vectors: SlotTable | None = None
        begun = progress = Progress()
        try:
            with self._database.writing() as connection:
                begun = self._locked(connection)
                vectors = SlotTable(connection, VECTORS, self._vector_bytes)
                crops = SlotTable(connection, CROPS, CROP_BYTES)
                transaction = Transaction(
                    connection, begun, self._slots, (vectors, crops), self._clock()
                )
                run_jobs(jobs, transaction, effects, self._undo)
                transaction.effects = effects
                progress = transaction.finish() if effects.log else begun
                if effects.freed:
                    vectors.delete(effects.freed)
                    crops.delete(effects.freed)
        except CommitUncertain as error:
            self._slots_position = -1
            if not self._is_committed(progress, begun):
                raise ConnectionLost(str(error)) from error
        except BaseException:
            self._slots_position = -1
            raise
        if vectors is not None and progress != begun:
            self._replica.advance(begun, progress, effects, vectors.written)
        if self._slots_position == begun.position:
            self._slots.give_back(effects.freed)
            self._slots_position = progress.position

    def _locked(self, connection: PostgresConnection) -> Progress:
        """Waits for the other writers; where the log ends, which this process then has followed."""
        connection.execute("SELECT id FROM progress FOR UPDATE")
        progress = checking.read_progress(connection)
        self._replica.follow()
        if self._slots_position != progress.position:
            self._slots = FreeSlots(self._replica.table.used_slots())
            self._slots_position = progress.position
        return progress

    def _is_committed(self, progress: Progress, begun: Progress) -> bool:
        """Whether the log has a commit whose acknowledgement was lost.

        The lock waits for a server process that may still be at it, and this commit for a
        synchronous standby.
        """
        if progress == begun:
            return False
        cause: GalleryUnavailable | None = None
        for _ in range(ATTEMPTS_MAX):
            try:
                with self._database.writing() as connection:
                    connection.execute("SELECT id FROM progress FOR UPDATE")
                    query = "SELECT chain FROM log WHERE position = ?"
                    found = connection.execute(query, (progress.position,)).fetchall()
            except (ConnectionLost, CommitUncertain) as error:
                cause = error
            except GalleryUnavailable as error:
                # It was waited for long enough.
                cause = error
                break
            else:
                return found == [(progress.chain,)]
        raise CommitUncertain(
            f"the connection to {self._database.place} broke in a commit: the change may have been "
            "made or not; repeat it with the same request_id or face id"
        ) from cause

    def _undo(self, effects: Effects) -> None:
        """Gives back the slots of a failed change; its rows are undone."""
        self._slots.give_back(effects.taken)
        effects.taken = []
