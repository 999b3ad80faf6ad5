"""What a process keeps in memory of a gallery in PostgreSQL, and how it follows the log."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery import checking, views
from facenet_res.gallery.checksums import vector_sums
from facenet_res.gallery.connection import Connection
from facenet_res.gallery.following import ENTRIES_AT_ONCE, Follower
from facenet_res.gallery.postgres_database import PostgresDatabase
from facenet_res.gallery.postgres_slots import (
    VECTORS,
    MemorySlots,
    SlotTable,
    all_contents,
)
from facenet_res.gallery.records import FaceRow, LogRow, Progress
from facenet_res.gallery.slots import Words
from facenet_res.gallery.transaction import Effects
from facenet_res.gallery.types import Counts

COUNTED = {
    "person.add": (1, 0),
    "person.delete": (-1, 0),
    "face.add": (0, 1),
    "face.delete": (0, -1),
}


class Replica(Follower):
    """Table, embeddings and counts as of a position of the log. Safe from several threads."""

    def __init__(self, database: PostgresDatabase, vector_bytes: int) -> None:
        """Reads and checks everything.

        Raises:
            GalleryInvalid: something is damaged or missing. Later `follow` raises it where the log
                no longer is the one that was followed.
        """
        self.memory = MemorySlots(vector_bytes)
        self._vector_bytes = vector_bytes
        self._place = database.place
        with database.reading() as connection:
            progress = checking.read_progress(connection)
            table = checking.read_table(connection, progress)
            counts = views.read_counts(connection)
            for slots, words in all_contents(connection, VECTORS, vector_bytes):
                self.memory.write(slots, words)
        self._chain = progress.chain
        self._counted = (counts.persons, counts.faces)
        used = table.used_slots()
        wrong = used[vector_sums(self.memory.read(used)) != table.sums()[used]]
        if len(wrong):
            raise GalleryInvalid(
                f"{len(wrong)} embeddings of {database.place} are damaged (checksum mismatch, "
                f"first in slot {wrong[0]}); restore a backup"
            )
        super().__init__(database, table, progress.position)

    def counts(self) -> Counts:
        """How many people and faces there are."""
        return Counts(*self._counted)

    def advance(
        self,
        begun: Progress,
        progress: Progress,
        effects: Effects,
        written: Sequence[tuple[NDArray[np.int64], Words]],
    ) -> None:
        """Applies what this process has committed, unless a search has followed it already.

        Args:
            begun: before the commit.
            progress: after it.
            effects: of the commit.
            written: embeddings by slot, in the order of writing.
        """
        with self._following:
            if self.position != begun.position:
                return
            for slots, words in written:
                self.memory.write(slots, words)
            self.table.put(effects.put)
            self.table.free(effects.freed)
            self.memory.wipe(np.array(effects.freed, np.int64))
            self._count(entry[0] for entry in effects.log)
            self.position, self._chain = progress.position, progress.chain
            self._version = progress.position

    def _check_version(self, version: int, known: int) -> None:
        # The version is the position.
        if version < known:
            raise self._forked()

    def _entries(self, connection: Connection) -> list[tuple[LogRow, str]]:
        """The next entries, of a log that still holds the last one that was followed."""
        entries = views.read_log(connection, max(0, self.position - 1), ENTRIES_AT_ONCE)
        if self.position:
            if not entries or (entries[0][0].position, entries[0][1]) != (
                self.position,
                self._chain,
            ):
                raise self._forked()
            del entries[0]
        self._count(entry.change for entry, _ in entries)
        if entries:
            self._chain = entries[-1][1]
        return entries

    def _fetch(self, connection: Connection, faces: list[FaceRow]) -> Words:
        slots = np.array([face.slot for face in faces], np.int64)
        return SlotTable(connection, VECTORS, self._vector_bytes).read(slots)

    def _keep(self, freed: NDArray[np.int64], faces: list[FaceRow], fetched: Words | None) -> None:
        self.memory.wipe(freed)
        if fetched is not None:
            self.memory.write(np.array([face.slot for face in faces], np.int64), fetched)

    def _count(self, changes: Iterable[str]) -> None:
        persons, faces = self._counted
        for change in changes:
            more = COUNTED.get(change, (0, 0))
            persons, faces = persons + more[0], faces + more[1]
        self._counted = (persons, faces)

    def _forked(self) -> GalleryInvalid:
        return GalleryInvalid(
            f"the gallery {self._place} lacks changes that it had: an older copy took its place, "
            "such as a standby that had not caught up; open it again"
        )
