"""What a durable store of people and faces must do: the truth that searches are checked against."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.gallery.changes import Answer, Change
from facenet_res.gallery.table import View
from facenet_res.gallery.types import (
    Counts,
    GalleryInfo,
    Hit,
    LogEntry,
    Person,
    PersonFilter,
    Request,
)


class Store(Protocol):
    """People and faces that survive a crash. Safe to call from several threads.

    What a method has returned is on the disk; what it raised for has left no trace. Any method
    may raise DiskFull where nothing can be written, GalleryInvalid where damage is found, and
    ShuttingDown after `close`.
    """

    info: GalleryInfo

    def change(
        self,
        change: Change[Answer],
        *,
        request: Request | None = None,
        is_deletion: bool = False,
    ) -> Answer:
        """Has a change made, together with those of other callers that wait.

        Args:
            change: a function of a `Transaction`; see `changes`.
            request: makes it safe to repeat.
            is_deletion: whether it deletes, and so may use the disk space kept in reserve. When
                it returns, no byte of the deleted embeddings is left in the store's files.

        Returns:
            What the change returns.

        Raises:
            RequestConflict: the request's id had other contents before.
            NotWritable: the store was opened to read.
        """
        ...

    def refresh(self) -> None:
        """Follows what other processes have committed since."""
        ...

    def view(self) -> View:
        """Which slot is whose, as a search sees it."""
        ...

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32[S, D], the contents of all slots; the writer may change them at any time."""
        ...

    def hits(self, slots: NDArray[np.int64]) -> dict[int, Hit]:
        """The faces in some slots, read from the truth, by slot.

        A face that was deleted in the meantime is left out. The embedding of each is a copy whose
        checksum equals the one that the truth has for this face: whatever the writer did during
        the search, a score computed from it is the score of this face of this person.

        Raises:
            GalleryInvalid: an embedding is damaged.
        """
        ...

    def person(self, person_id: str) -> Person:
        """One person with all faces.

        Raises:
            UnknownPerson: there is none of this id.
        """
        ...

    def hits_of(self, person_id: str) -> list[Hit]:
        """A person's faces in order of enrolment, checked as by `hits`; may be empty.

        Raises:
            UnknownPerson: there is none of this id.
        """
        ...

    def crop(self, face_id: str) -> Image:
        """A face's aligned crop, uint8[112, 112, 3] RGB.

        Raises:
            UnknownFace: there is no such face, or no crop of it.
        """
        ...

    def people(self, page_size: int, after: str, where: PersonFilter) -> list[Person]:
        """The next persons by id, in the order of their code points, after the given id."""
        ...

    def rows_of_people(self, where: PersonFilter) -> NDArray[np.int64]:
        """int64[P], the row numbers of the people who count."""
        ...

    def counts(self) -> Counts:
        """How many persons and faces there are."""
        ...

    def position(self) -> int:
        """Where the log ends: it grows with every change of a person or a face."""
        ...

    def log(self, after: int, entries_max: int) -> list[LogEntry]:
        """The next entries of the log, after a position."""
        ...

    def compact(self) -> None:
        """Rewrites the files without what is no longer used, remains of texts included."""
        ...

    def close(self) -> None:
        """Closes the files; calling it twice is fine."""
        ...
