"""How a process keeps its table up with what others commit: it follows the log."""

import threading

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery import checking, views
from facenet_res.gallery.connection import Connection, Database
from facenet_res.gallery.records import FaceRow, LogRow
from facenet_res.gallery.slots import SlotFile, Words
from facenet_res.gallery.table import FaceTable

ENTRIES_AT_ONCE = 10_000
CHECKS = 5


class Follower:
    """A table that follows the log. Safe from several threads."""

    def __init__(self, database: Database, table: FaceTable, position: int) -> None:
        """Takes the table as it stood at a position of the log, and follows it."""
        self._database = database
        self._following = threading.Lock()
        self._version = -1
        self.table = table
        self.position = position
        self.follow()

    def follow(self) -> None:
        """Applies what was committed since."""
        known = self.position
        version = self._database.version()
        if version == self._version:
            return
        self._check_version(version, known)
        with self._following:
            while self._apply():
                pass
            self._version = version

    def check(self, vectors: SlotFile) -> None:
        """Checks every embedding; one that does not fit may have been deleted meanwhile.

        Raises:
            GalleryInvalid: an embedding is damaged.
        """
        for _ in range(CHECKS):
            wrong = checking.wrong_slots(self.table, vectors)
            damaged = np.intersect1d(wrong, self.table.used_slots())
            if not len(damaged):
                return
            self._version = -1
            self.follow()
            vectors.remap()
        raise GalleryInvalid(
            f"{len(damaged)} embeddings of the gallery are damaged (checksum mismatch)"
        )

    def _apply(self) -> bool:
        """Applies the next entries; whether there were any."""
        with self._database.reading() as connection:
            entries = self._entries(connection)
            changed = {entry.face_row for entry, _ in entries if entry.face_row}
            faces = views.read_faces(connection, "face_row", changed)
            fetched = self._fetch(connection, faces)
        if not entries:
            return False
        gone = changed - {face.face_row for face in faces}
        slots = self.table.slots_of(np.array(sorted(gone), np.int64))
        self.table.free(slots.tolist())
        self._keep(slots, faces, fetched)
        self.table.put(faces)
        self.position = entries[-1][0].position
        return True

    def _check_version(self, version: int, known: int) -> None:
        """Checks a version that was read after the log was followed to the known position."""

    def _entries(self, connection: Connection) -> list[tuple[LogRow, str]]:
        """The next entries of the log."""
        return views.read_log(connection, self.position, ENTRIES_AT_ONCE)

    def _fetch(self, connection: Connection, faces: list[FaceRow]) -> Words | None:
        """Embeddings of faces, where they are not in a file that is shared anyway."""
        return None

    def _keep(self, freed: NDArray[np.int64], faces: list[FaceRow], fetched: Words | None) -> None:
        """Forgets the embeddings of freed slots, then keeps those that were fetched."""
