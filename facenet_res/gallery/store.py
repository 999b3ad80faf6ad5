"""What a durable store of faces must do: the truth that an index is built from."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from facenet_res.core.types import Embeddings
from facenet_res.gallery.types import (
    Counts,
    DeletedRows,
    FaceRecord,
    GalleryInfo,
    Person,
    StoredFace,
    Templates,
)


class Store(Protocol):
    """Persons and faces that survive a crash. Safe to call from several threads.

    What a method has returned is on the disk; what it raised for has left no trace. Any method
    may raise DiskFull where nothing can be written, and GalleryInvalid where damage is found.
    """

    @property
    def info(self) -> GalleryInfo:
        """What was written down at creation."""
        ...

    def add(self, records: Sequence[FaceRecord], faces_per_person_max: int) -> list[StoredFace]:
        """Writes all of them, or none.

        A face id that is there already, with the same person and the same embedding, is a retry:
        nothing changes and the face of the first time is returned.

        Raises:
            FaceExists: a face id is taken by another face.
            ArgumentInvalid: a person would have more than faces_per_person_max faces.
        """
        ...

    def person(self, person_id: str) -> Person:
        """One person with all faces.

        Raises:
            UnknownPerson: there is none of this id.
        """
        ...

    def people(self, page_size: int, after: str) -> list[Person]:
        """The next persons by id, in the order of their code points, after the given id."""
        ...

    def embeddings_of(self, person_id: str) -> tuple[Embeddings, tuple[str, ...]]:
        """A person's embeddings, float32[F, D], and their face ids; F may be 0.

        Raises:
            UnknownPerson: there is none of this id.
        """
        ...

    def templates(self) -> Iterator[Templates]:
        """Every face, in batches, in order of enrolment.

        Raises:
            GalleryInvalid: an embedding is damaged.
        """
        ...

    def delete_person(self, person_id: str) -> DeletedRows:
        """Deletes the person and all their faces.

        Raises:
            UnknownPerson: there is none of this id.
        """
        ...

    def delete_face(self, face_id: str) -> DeletedRows:
        """Deletes one face; the person stays.

        Raises:
            UnknownFace: there is none of this id.
        """
        ...

    def purge(self) -> None:
        """When this returns, no deleted embedding is left in the store's files.

        Raises:
            DiskFull: not yet; it is tried again by the next purge and by opening the store.
        """
        ...

    def compact(self) -> None:
        """Rewrites the files without what is no longer used, remains of texts included."""
        ...

    def counts(self) -> Counts:
        """How many persons and faces there are."""
        ...

    def close(self) -> None:
        """Lets go of the files; calling it twice is fine."""
        ...
