"""What a store reads from its database, whichever it is, and has changed by its writer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid, NotWritable, UnknownFace
from facenet_res.core.types import FACE_SIDE_PX, Image
from facenet_res.gallery import views
from facenet_res.gallery.changes import Answer, Change
from facenet_res.gallery.checksums import vector_sums
from facenet_res.gallery.connection import Connection, Database
from facenet_res.gallery.records import FaceRow, PersonRow
from facenet_res.gallery.slots import Words
from facenet_res.gallery.table import FaceTable, View
from facenet_res.gallery.types import (
    Counts,
    GalleryInfo,
    Hit,
    LogEntry,
    Person,
    PersonFilter,
    Request,
)
from facenet_res.gallery.writer import GroupWriter, Job

CROP_BYTES = FACE_SIDE_PX * FACE_SIDE_PX * 3


class Readable(Protocol):
    """Contents by slot, to be read."""

    def read(self, slots: NDArray[np.int64]) -> Words:
        """A copy of some slots."""
        ...


class DatabaseStore:
    """What both kinds of `Store` have in common; each says where its contents are."""

    _database: Database
    _table: FaceTable

    def __init__(self, info: GalleryInfo) -> None:
        """Takes what the gallery is; the rest is set by each kind."""
        self.info = info
        self._holding = ExitStack()
        self._writer: GroupWriter | None = None

    def change(
        self,
        change: Change[Answer],
        *,
        request: Request | None = None,
        is_deletion: bool = False,
    ) -> Answer:
        """Has a change made; its answer, when it is durable. See `Store.change`."""
        if self._writer is None:
            raise NotWritable("the gallery was opened to read only")
        answer: Answer = self._writer.run(Job(change, request, is_deletion))
        return answer

    def close(self) -> None:
        """Closes what the store holds; calling it twice is fine."""
        self._holding.close()

    def view(self) -> View:
        """Which slot is whose; see `Store.view`."""
        return self._table.view()

    def hits(self, slots: NDArray[np.int64]) -> dict[int, Hit]:
        """The faces in some slots, as the truth has them now; see `Store.hits`."""
        face_rows = self._table.view().face_rows[slots]
        with self._database.reading() as connection:
            faces = views.read_faces(connection, "face_row", face_rows.tolist())
            owners = {face.person_row for face in faces}
            persons = {row.person_row: row for row in views.read_persons(connection, owners)}
            return self._checked(faces, persons, self._cached(connection))

    def hits_of(self, person_id: str) -> list[Hit]:
        """A person's faces; UnknownPerson where there is none."""
        with self._database.reading() as connection:
            person = views.find_person(connection, person_id)
            faces = views.read_faces_of(connection, person.person_row)
            vectors, _ = self._contents(connection)
            return list(self._checked(faces, {person.person_row: person}, vectors).values())

    def person(self, person_id: str) -> Person:
        """One person with all faces; UnknownPerson where there is none."""
        with self._database.reading() as connection:
            return views.read_person(connection, person_id)

    def crop(self, face_id: str) -> Image:
        """A face's aligned crop; UnknownFace where there is none."""
        with self._database.reading() as connection:
            face = views.find_face_with_crop(connection, face_id)
            _, crops = self._contents(connection)
            words = crops.read(np.array([face.slot], np.int64))
        if int(vector_sums(words)[0]) != face.crop_sum:
            self._check_deleted(face, "crop")
            raise UnknownFace(f"the gallery has no face {face_id!r}")
        content = words.view(np.uint8)[0, :CROP_BYTES]
        return content.reshape(FACE_SIDE_PX, FACE_SIDE_PX, 3)

    def people(self, page_size: int, after: str, where: PersonFilter) -> list[Person]:
        """The next persons by id, after the given id."""
        with self._database.reading() as connection:
            return views.read_people(connection, page_size, after, where)

    def rows_of_people(self, where: PersonFilter) -> NDArray[np.int64]:
        """See `Store.rows_of_people`."""
        with self._database.reading() as connection:
            return np.array(views.rows_of_people(connection, where), np.int64)

    def counts(self) -> Counts:
        """How many persons and faces there are."""
        with self._database.reading() as connection:
            return views.read_counts(connection)

    def position(self) -> int:
        """Where the log ends; see `Store.position`."""
        with self._database.reading() as connection:
            return views.read_position(connection)

    def log(self, after: int, entries_max: int) -> list[LogEntry]:
        """The next entries of the log, after a position."""
        with self._database.reading() as connection:
            return views.read_entries(connection, after, entries_max)

    @contextmanager
    def truth(self) -> Iterator[tuple[Connection, tuple[Readable, Readable]]]:
        """All rows as of one commit, and the embeddings and crops, for whoever copies or checks."""
        with self._database.reading() as connection:
            yield connection, self._contents(connection)

    def check_structure(self) -> None:
        """Checks what lies below the rows, where a database lets itself be asked.

        Raises:
            GalleryInvalid: pages, tables and indexes disagree.
        """

    def _contents(self, connection: Connection) -> tuple[Readable, Readable]:
        """Embeddings and crops as the truth has them."""
        raise NotImplementedError

    def _cached(self, connection: Connection) -> Readable:
        """Embeddings as a search has seen them."""
        return self._contents(connection)[0]

    def _checked(
        self, faces: list[FaceRow], persons: dict[int, PersonRow], contents: Readable
    ) -> dict[int, Hit]:
        """Faces with their embeddings, by slot, without those deleted in the meantime."""
        words = contents.read(np.array([face.slot for face in faces], np.int64))
        sums = vector_sums(words).tolist()
        vectors = words.view("<f4")[:, : self.info.embedding_dim]
        found: dict[int, Hit] = {}
        for face, vector, vector_sum in zip(faces, vectors, sums, strict=True):
            if face.person_row not in persons:
                raise GalleryInvalid(f"the gallery is damaged: face {face.face_id!r} has no person")
            if vector_sum == face.vector_sum:
                found[face.slot] = views.to_hit(face, persons[face.person_row], vector)
            else:
                self._check_deleted(face, "embedding")
        return found

    def _check_deleted(self, face: FaceRow, what: str) -> None:
        """Checks that a face whose slot holds something else was deleted in the meantime."""
        with self._database.reading() as connection:
            if views.read_faces(connection, "face_row", [face.face_row]) == [face]:
                raise GalleryInvalid(f"the {what} of face {face.face_id!r} is damaged")
