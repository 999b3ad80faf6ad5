"""What the gallery keeps and answers: persons, their faces, counts, receipts.

All are frozen. Times are seconds since 1970-01-01 UTC, from the clock the gallery was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ModelMismatch
from facenet_res.core.types import Embeddings


@dataclass(frozen=True, slots=True)
class GalleryInfo:
    """What a gallery is, as written down at its creation.

    Attributes:
        model_id: names the weights that made every embedding in it.
        embedding_dim: length D of every embedding in it.
        created_unix_s: when it was created.
    """

    model_id: str
    embedding_dim: int
    created_unix_s: float

    def check_model(self, path: Path, model_id: str | None, embedding_dim: int | None) -> None:
        """Checks that the gallery at a path belongs to the model in use; None asks nothing.

        Raises:
            ModelMismatch: it belongs to another.
        """
        if model_id not in {None, self.model_id}:
            raise ModelMismatch(
                f"the gallery {path} belongs to model {self.model_id!r}, in use is {model_id!r}"
            )
        if embedding_dim not in {None, self.embedding_dim}:
            raise ModelMismatch(
                f"the gallery {path} holds embeddings of {self.embedding_dim} numbers, "
                f"model {model_id!r} makes {embedding_dim}"
            )


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """One face of a person, without its embedding: that never leaves the gallery.

    Attributes:
        face_id: unique in the gallery.
        person_id: whose face it is.
        source: the caller's note of where it came from, such as a file name; may be empty.
        enrolled_unix_s: when it was enrolled first; a retry does not change it.
    """

    face_id: str
    person_id: str
    source: str
    enrolled_unix_s: float


@dataclass(frozen=True, slots=True)
class Person:
    """A person and all their faces.

    Attributes:
        person_id: the caller's name for the person, unique in the gallery.
        name: for people to read; may be empty.
        metadata: the caller's own notes, kept as they are.
        created_unix_s: when the person's first face was enrolled.
        faces: in order of enrolment. Empty after the last face was deleted: the person stays
            until deleted themselves.
    """

    person_id: str
    name: str
    metadata: Mapping[str, str]
    created_unix_s: float
    faces: tuple[EnrolledFace, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Enrollment:
    """A face to enrol.

    Attributes:
        person_id: whose face it is; the person is made if new.
        embedding: float32[D], of unit length.
        name: replaces the person's name; "" leaves it.
        metadata: replaces the person's metadata; empty leaves it.
        face_id: makes the enrolment safe to retry; None lets the gallery choose.
        source: the caller's note of where the face came from.
    """

    person_id: str
    embedding: NDArray[np.float32]
    name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    face_id: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FaceRecord:
    """An enrolment that was checked, with its id and time: what a store writes."""

    face: EnrolledFace
    embedding: NDArray[np.float32]
    name: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face as the store keeps it.

    Attributes:
        row: the store's number for the face, never used again; the index knows it by this.
        face: the face itself.
    """

    row: int
    face: EnrolledFace


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """A batch of stored faces with their embeddings, to fill an index.

    Attributes:
        rows: int64[B], the store's numbers for the faces.
        embeddings: float32[B, D], of unit length.
        owners: whose faces they are, in the same order.
    """

    rows: NDArray[np.int64]
    embeddings: Embeddings
    owners: tuple["Owner", ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """Which face of which person a row of the index is."""

    person_id: str
    face_id: str


@dataclass(frozen=True, slots=True)
class DeletedRows:
    """What a store has deleted.

    Attributes:
        person_id: whose faces they were.
        rows: the numbers of the faces that are gone.
        rows_left: rows of it that a query after the commit still found; 0.
    """

    person_id: str
    rows: tuple[int, ...]
    rows_left: int


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """Says that something was deleted: no byte of the embeddings is left in the gallery's files.

    It speaks of the files' contents as the operating system gives them; backups, snapshots of the
    file system and worn blocks of an SSD are beyond a program's reach. Names, metadata and ids
    are deleted and overwritten too, but where SQLite had moved them within a page before, a copy
    may stay in the page's unused part until `EmbeddingGallery.compact`.

    Attributes:
        person_id: the person deleted, or whose face was.
        face_id: the face deleted; "" where the whole person was.
        faces: faces deleted with it, their embeddings overwritten.
        deleted_unix_s: when.
        rows_left: rows of it that a query afterwards still found; 0.
    """

    person_id: str
    face_id: str
    faces: int
    deleted_unix_s: float
    rows_left: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the gallery holds."""

    persons: int
    faces: int
