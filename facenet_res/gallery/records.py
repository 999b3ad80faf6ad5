"""From what a caller brings to what the store writes and the index takes."""

import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_embeddings
from facenet_res.gallery.types import (
    EnrolledFace,
    Enrollment,
    FaceRecord,
    Owner,
    StoredFace,
    Templates,
)


def random_face_id() -> str:
    """A face id that nobody else has: a random UUID."""
    return str(uuid.uuid4())


def check_embedding(embedding: Any, embedding_dim: int) -> NDArray[np.float32]:
    """The embedding as float32[D], if it is finite and of unit length.

    Raises:
        ArrayInvalid: it is something else.
    """
    row: NDArray[np.float32] = check_embeddings(np.asarray(embedding)[None], embedding_dim)[0]
    return row


def to_record(
    enrollment: Enrollment, face_id: str, enrolled_unix_s: float, embedding_dim: int
) -> FaceRecord:
    """An enrolment with the id and the time it is written under.

    Raises:
        ArrayInvalid: its embedding is not float32[D] of unit length.
    """
    return FaceRecord(
        EnrolledFace(face_id, enrollment.person_id, enrollment.source, enrolled_unix_s),
        check_embedding(enrollment.embedding, embedding_dim),
        enrollment.name,
        enrollment.metadata,
    )


def to_templates(stored: Sequence[StoredFace], records: Sequence[FaceRecord]) -> Templates:
    """Faces that were just stored, for the index; at least one, and the records in their order."""
    return Templates(
        np.array([one.row for one in stored], np.int64),
        np.stack([record.embedding for record in records]),
        tuple(Owner(one.face.person_id, one.face.face_id) for one in stored),
    )
