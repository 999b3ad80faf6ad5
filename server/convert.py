"""Between the library's values and the wire's messages: one function a type."""

from dataclasses import asdict

import numpy as np

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.manifest import Threshold
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.core.types import (
    FACE_SIDE_PX,
    Box,
    Candidate,
    Face,
    Faces,
    Identification,
    Verification,
)
from facenet_res.gallery.types import DeletionReceipt, EnrolledFace, Person
from facenet_res.recognizer.gallery import Gallery
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.v1 import face_pb2 as face_pb
from facenet_res.v1 import gallery_service_pb2 as gallery_pb
from facenet_res.v1 import info_service_pb2 as info_pb

FACE_BYTES = FACE_SIDE_PX * FACE_SIDE_PX * 3


def from_aligned(data: bytes, faces_max: int) -> Faces:
    """The faces of an EmbedAlignedRequest, uint8[B, 112, 112, 3]; no copy.

    Raises:
        ArgumentInvalid: no face, more than faces_max, or no whole number of them.
    """
    count, rest = divmod(len(data), FACE_BYTES)
    if rest or not 1 <= count <= faces_max:
        raise ArgumentInvalid(
            f"faces has {len(data)} bytes, allowed are 1 to {faces_max} faces of {FACE_BYTES} bytes"
        )
    return np.frombuffer(data, np.uint8).reshape(count, FACE_SIDE_PX, FACE_SIDE_PX, 3)


def from_decision(decision: face_pb.Decision, recognizer: FaceRecognizer) -> OperatingPoint:
    """The operating point of a request; the recognizer's default where it names none.

    Raises:
        ArgumentInvalid: the threshold is out of range, or the model is not calibrated for the rate.
    """
    match decision.WhichOneof("rule"):
        case "threshold":
            return recognizer.operating_point(threshold=decision.threshold)
        case "fmr":
            return recognizer.operating_point(fmr=decision.fmr)
        case "fpir":
            raise ArgumentInvalid(
                "fpir is of identification; a verification takes fmr or threshold"
            )
        case _:
            return recognizer.operating_point()


def from_identification_decision(decision: face_pb.Decision, gallery: Gallery) -> OperatingPoint:
    """The operating point of an identification; an FPIR of 1 % where the request names none.

    Raises:
        ArgumentInvalid: a rate or threshold is out of range.
        CalibrationUnsupported: the gallery is too small for the FPIR, the model uncalibrated.
    """
    rule = decision.WhichOneof("rule")
    return gallery.operating_point(**({rule: getattr(decision, rule)} if rule else {}))


def to_box(box: Box) -> face_pb.Box:
    """Corners in pixels."""
    return face_pb.Box(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)


def to_face(face: Face, *, with_embedding: bool = False, with_crop: bool = False) -> face_pb.Face:
    """Place and quality and, where asked for, embedding and aligned pixels."""
    points = [face_pb.Point(x=float(x), y=float(y)) for x, y in face.landmarks]
    left_eye, right_eye, nose, left_mouth, right_mouth = points
    return face_pb.Face(
        box=to_box(face.box),
        detection_score=face.detection_score,
        landmarks=face_pb.Landmarks(
            left_eye=left_eye,
            right_eye=right_eye,
            nose=nose,
            left_mouth=left_mouth,
            right_mouth=right_mouth,
        ),
        quality=face_pb.FaceQuality(**asdict(face.quality)),
        embedding=face.embedding.tolist() if with_embedding else (),
        crop=np.ascontiguousarray(face.crop).tobytes() if with_crop else b"",
    )


def to_verdict(verification: Verification) -> face_pb.Verdict:
    """Similarity, threshold, rate and decision."""
    return face_pb.Verdict(
        score=verification.score,
        threshold=verification.threshold,
        fmr=verification.fmr or 0.0,
        is_match=verification.is_match,
    )


def to_candidate(match: Candidate) -> gallery_pb.Candidate:
    """Person, face and similarity."""
    return gallery_pb.Candidate(person_id=match.person_id, face_id=match.face_id, score=match.score)


def to_identification(face: Face, answer: Identification) -> gallery_pb.Identification:
    """Who one face is."""
    return gallery_pb.Identification(
        face=to_face(face),
        person_id=answer.person_id,
        candidates=map(to_candidate, answer.candidates),
        threshold=answer.threshold,
        fmr=answer.fmr or 0.0,
        fpir=answer.fpir or 0.0,
        second_score=answer.second_score,
    )


def to_enrolled(face: EnrolledFace) -> gallery_pb.EnrolledFace:
    """Ids, source and time."""
    return gallery_pb.EnrolledFace(
        face_id=face.face_id,
        person_id=face.person_id,
        source=face.source,
        enrolled_unix_s=face.enrolled_unix_s,
    )


def to_person(person: Person, *, with_faces: bool) -> gallery_pb.Person:
    """A person; lists go without the faces."""
    return gallery_pb.Person(
        person_id=person.person_id,
        name=person.name,
        metadata=dict(person.metadata),
        face_count=len(person.faces),
        faces=map(to_enrolled, person.faces) if with_faces else (),
        created_unix_s=person.created_unix_s,
    )


def to_receipt(receipt: DeletionReceipt) -> gallery_pb.DeletionReceipt:
    """What is gone, and when."""
    return gallery_pb.DeletionReceipt(
        person_id=receipt.person_id,
        face_id=receipt.face_id,
        faces=receipt.faces,
        deleted_unix_s=receipt.deleted_unix_s,
        rows_left=receipt.rows_left,
    )


def to_threshold(threshold: Threshold) -> info_pb.Threshold:
    """A rate, its similarity and the interval."""
    return info_pb.Threshold(
        fmr=threshold.fmr,
        similarity=threshold.similarity,
        similarity_low=threshold.similarity_low,
        similarity_high=threshold.similarity_high,
    )
