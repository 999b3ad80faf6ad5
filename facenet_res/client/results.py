"""What the server answers, where the core has no type for it. All frozen.

Times (`_unix_s`) are seconds since 1970-01-01 UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from facenet_res.core.manifest import Threshold


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """A face that the gallery keeps.

    Attributes:
        face_id: unique in the gallery.
        person_id: whom it belongs to.
        source: where it came from, in the caller's words.
        enrolled_unix_s: when it was first stored; a repeated enrolment leaves it.
    """

    face_id: str
    person_id: str
    source: str
    enrolled_unix_s: float


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the gallery.

    Attributes:
        person_id: the caller's name for the person.
        name: for people to read; may be empty.
        metadata: what else is kept with the person.
        face_count: number of faces kept.
        faces: the faces, in order of enrolment; empty in lists.
        created_unix_s: when the person was first stored.
    """

    person_id: str
    name: str
    metadata: Mapping[str, str]
    face_count: int
    faces: tuple[EnrolledFace, ...]
    created_unix_s: float


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """Proof of a deletion.

    Attributes:
        person_id: the person who was deleted, or whose face was.
        face_id: the face that was deleted; "" where the whole person was.
        faces: number of faces deleted, their embeddings overwritten.
        deleted_unix_s: when it was done.
        rows_left: rows of it that a query afterwards still found; 0.
    """

    person_id: str
    face_id: str
    faces: int
    deleted_unix_s: float
    rows_left: int


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What a request may hold; see `Limits` in info_service.proto."""

    image_bytes_max: int
    image_pixels_max: int
    request_bytes_max: int
    batch_images_max: int
    requests_max: int
    page_size_max: int
    top_k_max: int
    deadline_s_max: float


@dataclass(frozen=True, slots=True)
class BatcherCounts:
    """How the engine's batches have been; see `BatcherStats` in info_service.proto."""

    batches: int
    faces: int
    batch_size_max: int
    waiting: int
    refused: int
    late: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The server as it is now.

    Attributes:
        version: of the server's package.
        model_id: names the weights; embeddings of different ids are never compared.
        model_name: short name of the model, for people.
        model_version: of the model under this name; may be empty.
        embedding_dim: length of an embedding.
        engine: runtime and device, for people to read.
        detector: name of the face detector.
        licence: terms of the weights.
        limits: what a request may hold.
        thresholds: least similarities, by falling FMR.
        fmr: false match rate that decides where a request names none.
        gallery: name of the gallery that is served.
        people: people in the gallery.
        faces: faces in the gallery.
        batcher: how the engine's batches have been.
        uptime_s: seconds since the server became ready.
    """

    version: str
    model_id: str
    model_name: str
    model_version: str
    embedding_dim: int
    engine: str
    detector: str
    licence: str
    limits: ServerLimits
    thresholds: tuple[Threshold, ...]
    fmr: float
    gallery: str
    people: int
    faces: int
    batcher: BatcherCounts
    uptime_s: float
