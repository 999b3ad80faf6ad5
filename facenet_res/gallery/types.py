"""What the gallery keeps and answers: persons, their faces, counts, receipts.

All are frozen. Times are seconds since 1970-01-01 UTC, from the clock the gallery was given.
"""

import math
import uuid
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ModelMismatch
from facenet_res.core.types import FaceQuality, Image


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

    def check_model(self, place: str, model_id: str | None, embedding_dim: int | None) -> None:
        """Checks that the gallery at a place belongs to the model in use; None asks nothing.

        Raises:
            ModelMismatch: it belongs to another.
        """
        if model_id not in {None, self.model_id}:
            raise ModelMismatch(
                f"the gallery {place} belongs to model {self.model_id!r}, in use is {model_id!r}"
            )
        if embedding_dim not in {None, self.embedding_dim}:
            raise ModelMismatch(
                f"the gallery {place} holds embeddings of {self.embedding_dim} numbers, "
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
        source_sha256: SHA-256 of the source in hexadecimal digits; may be empty.
        quality: measures of the face; None where they were not given.
        has_crop: whether the gallery keeps the aligned crop.
        warnings: what the review of an enrolment has found; empty where it is read again.
    """

    face_id: str
    person_id: str
    source: str
    enrolled_unix_s: float
    source_sha256: str = ""
    quality: FaceQuality | None = None
    has_crop: bool = False
    warnings: tuple[str, ...] = field(default=(), compare=False)


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
        expires_unix_s: when the person is deleted; infinite for never.
        etag: changes whenever the person or one of the faces changes.
    """

    person_id: str
    name: str
    metadata: Mapping[str, str]
    created_unix_s: float
    faces: tuple[EnrolledFace, ...]
    expires_unix_s: float = math.inf
    etag: str = ""


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
        source_sha256: SHA-256 of the source, 64 hexadecimal digits; "" where unknown.
        quality: measures of the face.
        crop: uint8[112, 112, 3] RGB, aligned, to embed again with another model; None keeps none.
        expires_unix_s: when the person is to be deleted; None leaves it, infinite is never.
    """

    person_id: str
    embedding: NDArray[np.float32]
    name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    face_id: str | None = None
    source: str = ""
    source_sha256: str = ""
    quality: FaceQuality | None = None
    crop: Image | None = None
    expires_unix_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUpdate:
    """Fields of a person to replace; None keeps a field as it is.

    Attributes:
        name: for people to read.
        metadata: all entries.
        expires_unix_s: when the person is deleted; infinite for never.
        etag: of the person as the caller read them; another one raises EtagMismatch.
    """

    name: str | None = None
    metadata: Mapping[str, str] | None = None
    expires_unix_s: float | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFilter:
    """Which people count; all conditions together.

    Attributes:
        person_ids: only these; None for all.
        metadata: entries that a person must have.
    """

    person_ids: Set[str] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


EVERYBODY = PersonFilter()


@dataclass(frozen=True, slots=True)
class Request:
    """Makes a change safe to repeat: within 24 hours the same request is carried out once.

    Attributes:
        request_id: chosen by the caller, unique for each change.
        contents: what was asked for; under the same id, other contents raise RequestConflict.
        subjects: ids of what it deletes, in order; they are not kept.
    """

    request_id: str
    contents: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """Says that something was deleted: no byte of it is left in the gallery's files.

    That holds for embeddings, crops, ids, names, metadata and sources, in every file of the folder
    as the operating system gives it. The audit log keeps row numbers, times, and a salted hash of
    each id whose salt is gone. Backups, exports, snapshots of the file system, a program's memory
    and worn blocks of an SSD are beyond the gallery's reach.

    Attributes:
        person_id: the person deleted, or whose face was.
        face_id: the face deleted; "" where the whole person was.
        faces: faces deleted with it, their embeddings overwritten.
        deleted_unix_s: when.
        rows_left: rows of it that a query afterwards still found; 0.
        texts_left: whether a process that was reading kept the write-ahead log in use, so that
            ids, names and metadata (not embeddings and crops) stay in it for some seconds more.
    """

    person_id: str
    face_id: str
    faces: int
    deleted_unix_s: float
    rows_left: int
    texts_left: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the gallery holds."""

    persons: int
    faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A face that a search found, as the truth has it now.

    Attributes:
        face_id: the face.
        person_id: whose face it is.
        person_row: number of the person.
        expires_unix_s: when the person is deleted; infinite for never.
        vector: float32[D], its embedding, whose checksum was checked.
    """

    face_id: str
    person_id: str
    person_row: int
    expires_unix_s: float
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two people who are most likely one.

    Attributes:
        person_id: one of them.
        other_person_id: the other.
        score: cosine of their closest faces.
        face_id: the one's closest face.
        other_face_id: the other's.
    """

    person_id: str
    other_person_id: str
    score: float
    face_id: str
    other_face_id: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A change of a person or a face, as the audit log keeps it.

    Attributes:
        position: 1, 2, 3, ...
        at_unix_s: when it was made.
        change: person.add, person.update, person.delete, face.add, face.move or face.delete.
        person_id: the person; "" where they were deleted since.
        face_id: the face; "" where it was deleted since, or the person alone was changed.
        chain: SHA-256 over the entry and the chain before it, in hexadecimal digits. The ids are
            not in it: the commitment is.
        person_row: number of the person, never used again.
        face_row: number of the face; 0 where the person alone was changed.
        commitment: salted hash of the face's id, or of the person's; the salt is deleted with
            them.
    """

    position: int
    at_unix_s: float
    change: str
    person_id: str
    face_id: str
    chain: str
    person_row: int = 0
    face_row: int = 0
    commitment: str = ""


def random_face_id() -> str:
    """A face id that nobody else has: a random UUID."""
    return str(uuid.uuid4())
