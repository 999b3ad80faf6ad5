"""How a process that only reads keeps its table up with the process that writes."""

import threading

import numpy as np

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery import checking, views
from facenet_res.gallery.head import Head
from facenet_res.gallery.slots import SlotFile
from facenet_res.gallery.sqlite_database import SqliteDatabase
from facenet_res.gallery.table import Snapshot

ENTRIES_AT_ONCE = 10_000
CHECKS = 5


class Follower:
    """A table that follows the log. Safe from several threads."""

    def __init__(self, database: SqliteDatabase, snapshot: Snapshot | None, head: Head) -> None:
        """Loads the table: from an intact snapshot, else from the rows, which are checked."""
        self._database = database
        self._following = threading.Lock()
        self._version = -1
        self.table, progress = checking.load(database, snapshot, head)
        self._position = progress.position
        self.follow()

    def follow(self) -> None:
        """Applies what was committed since."""
        version = self._database.version()
        if version == self._version:
            return
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
            entries = views.read_log(connection, self._position, ENTRIES_AT_ONCE)
            changed = {entry.face_row for entry, _ in entries if entry.face_row}
            faces = views.read_faces(connection, "face_row", changed)
        if not entries:
            return False
        gone = changed - {face.face_row for face in faces}
        self.table.free(self.table.slots_of(np.array(sorted(gone), np.int64)).tolist())
        self.table.put(faces)
        self._position = entries[-1][0].position
        return True
