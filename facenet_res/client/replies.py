"""From the wire's messages to the values that callers get: one function a message."""

import numpy as np

from facenet_res.client.errors import BY_REASON
from facenet_res.client.results import (
    BatcherCounts,
    DeletionReceipt,
    EnrolledFace,
    Person,
    ServerInfo,
    ServerLimits,
)
from facenet_res.core.errors import InputError
from facenet_res.core.manifest import Threshold
from facenet_res.core.types import (
    FACE_SIDE_PX,
    Box,
    Candidate,
    Embeddings,
    Face,
    FaceQuality,
    Identification,
    ImageResult,
    Verification,
)
from facenet_res.v1 import embedding_service_pb2 as embedding_pb
from facenet_res.v1 import face_pb2 as face_pb
from facenet_res.v1 import gallery_service_pb2 as gallery_pb
from facenet_res.v1 import info_service_pb2 as info_pb


def image_result(
    response: embedding_pb.EmbedResponse | embedding_pb.DetectResponse, source: str = ""
) -> ImageResult:
    """The faces of one image."""
    faces = tuple(map(_face, response.faces))
    return ImageResult(source, faces, response.width_px, response.height_px)


def batch(response: embedding_pb.EmbedBatchResponse) -> list[ImageResult]:
    """One result for each image."""
    return [_batch_result(result) for result in response.results]


def embeddings(response: embedding_pb.EmbedAlignedResponse) -> Embeddings:
    """The embeddings of aligned faces, float32[B, D]."""
    return np.array([embedding.values for embedding in response.embeddings], np.float32)


def verdict(response: gallery_pb.VerifyResponse) -> Verification:
    """The comparison with a person."""
    said = response.verdict
    return Verification(said.score, said.threshold, said.fmr or None, _face(response.probe))


def images_verdict(response: embedding_pb.VerifyImagesResponse) -> Verification:
    """The comparison of two images."""
    said = response.verdict
    probe, reference = _face(response.first), _face(response.second)
    return Verification(said.score, said.threshold, said.fmr or None, probe, reference)


def enrolled(response: gallery_pb.EnrollResponse) -> EnrolledFace:
    """The face as it is stored."""
    return _enrolled_face(response.enrolled)


def identified(response: gallery_pb.IdentifyResponse) -> list[Identification]:
    """Who each face is."""
    return [
        Identification(
            tuple(Candidate(m.person_id, m.face_id, m.score) for m in said.candidates),
            said.threshold,
            said.person_id,
            fmr=said.fmr or None,
            fpir=said.fpir or None,
            second_score=said.second_score,
            face=_face(said.face),
        )
        for said in response.identifications
    ]


def person(message: gallery_pb.Person) -> Person:
    """A person, with the faces that the message has."""
    return Person(
        message.person_id,
        message.name,
        dict(message.metadata),
        message.face_count,
        tuple(_enrolled_face(face) for face in message.faces),
        message.created_unix_s,
    )


def receipt(
    response: gallery_pb.DeletePersonResponse | gallery_pb.DeleteFaceResponse,
) -> DeletionReceipt:
    """The receipt of either kind of deletion."""
    said = response.receipt
    return DeletionReceipt(
        said.person_id, said.face_id, said.faces, said.deleted_unix_s, said.rows_left
    )


def info(response: info_pb.GetInfoResponse) -> ServerInfo:
    """Model, limits, thresholds and counts."""
    limits, batcher = response.limits, response.batcher
    return ServerInfo(
        version=response.version,
        model_id=response.model.model_id,
        model_name=response.model.name,
        model_version=response.model.version,
        embedding_dim=response.model.embedding_dim,
        engine=response.model.engine,
        detector=response.model.detector,
        licence=response.model.licence,
        limits=ServerLimits(
            image_bytes_max=limits.image_bytes_max,
            image_pixels_max=limits.image_pixels_max,
            request_bytes_max=limits.request_bytes_max,
            batch_images_max=limits.batch_images_max,
            requests_max=limits.requests_max,
            page_size_max=limits.page_size_max,
            top_k_max=limits.top_k_max,
            deadline_s_max=limits.deadline_s_max,
        ),
        thresholds=tuple(
            Threshold(t.fmr, t.similarity, t.similarity_low, t.similarity_high)
            for t in response.thresholds
        ),
        fmr=response.fmr_default,
        gallery=response.gallery.name,
        people=response.gallery.people,
        faces=response.gallery.faces,
        batcher=BatcherCounts(
            batches=batcher.batches,
            faces=batcher.faces,
            batch_size_max=batcher.batch_size_max,
            waiting=batcher.waiting,
            refused=batcher.refused,
            late=batcher.late,
            cancelled=batcher.cancelled,
        ),
        uptime_s=response.uptime_s,
    )


def _face(message: face_pb.Face) -> Face:
    crop = np.frombuffer(message.crop, np.uint8)
    side_px = FACE_SIDE_PX if crop.size else 0
    box, points, quality = message.box, message.landmarks, message.quality
    ordered = (
        points.left_eye, points.right_eye, points.nose, points.left_mouth, points.right_mouth
    )  # fmt: skip
    return Face(
        box=Box(box.x0, box.y0, box.x1, box.y1),
        landmarks=np.array([(point.x, point.y) for point in ordered], np.float32),
        detection_score=message.detection_score,
        quality=FaceQuality(
            quality.eye_distance_px, quality.roll_deg, quality.yaw_share, quality.sharpness
        ),
        crop=crop.reshape(side_px, side_px, 3),
        embedding=np.array(message.embedding, np.float32),
    )


def _batch_result(result: embedding_pb.EmbedResult) -> ImageResult:
    if result.WhichOneof("outcome") != "failure":
        return image_result(result.found)
    kind = BY_REASON.get(result.failure.reason, InputError)
    if not issubclass(kind, InputError):
        kind = InputError
    return ImageResult("", error=kind(result.failure.message))


def _enrolled_face(message: gallery_pb.EnrolledFace) -> EnrolledFace:
    return EnrolledFace(message.face_id, message.person_id, message.source, message.enrolled_unix_s)
