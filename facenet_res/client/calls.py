"""Each call of the API once: its request, how its answer is read, whether it may be repeated.

The two clients, sync and asyncio, only carry these calls to the server and back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np
from google.protobuf.message import Message

from facenet_res.client import replies
from facenet_res.client.arguments import ImageSource, image_bytes, message
from facenet_res.client.results import (
    DeletionReceipt,
    EnrolledFace,
    Person,
    ServerInfo,
)
from facenet_res.core.arrays import check_faces
from facenet_res.core.errors import ArgumentInvalid, FileMissing
from facenet_res.core.face_id import face_id_of, source_of
from facenet_res.core.types import Embeddings, Faces, Identification, ImageResult, Verification
from facenet_res.v1 import embedding_service_pb2 as embedding_pb
from facenet_res.v1 import face_pb2 as face_pb
from facenet_res.v1 import gallery_service_pb2 as gallery_pb
from facenet_res.v1 import info_service_pb2 as info_pb

EMBEDDING = "/facenet_res.v1.EmbeddingService/"
GALLERY = "/facenet_res.v1.GalleryService/"
INFO = "/facenet_res.v1.InfoService/"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One call, ready to be sent.

    Attributes:
        path: service and method as gRPC names them.
        request: the message to send.
        response_type: the message to expect.
        read: turns the response into what the caller gets.
        is_idempotent: whether sending it twice does no more than sending it once.
    """

    path: str
    request: Message
    response_type: type[Message]
    read: Callable[[Any], Answer]
    is_idempotent: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Some people, and the token that leads to the next ones; "" on the last page."""

    people: tuple[Person, ...]
    next_token: str


def detect(image: ImageSource, faces_max: int | None, with_crops: bool) -> Call[ImageResult]:
    """Detect."""
    request = message(embedding_pb.DetectRequest, **_of_image(image, faces_max, with_crops))
    return Call(EMBEDDING + "Detect", request, embedding_pb.DetectResponse, replies.image_result)


def embed(
    image: ImageSource, faces_max: int | None, with_crops: bool, source: str = ""
) -> Call[ImageResult]:
    """Embed; `source` goes into the result."""
    request = message(embedding_pb.EmbedRequest, **_of_image(image, faces_max, with_crops))

    def read(response: embedding_pb.EmbedResponse) -> ImageResult:
        return replies.image_result(response, source)

    return Call(EMBEDDING + "Embed", request, embedding_pb.EmbedResponse, read)


def _of_image(image: ImageSource, faces_max: int | None, with_crops: bool) -> dict[str, object]:
    return {
        "image": image_bytes(image),
        "faces_max": at_least_one("faces_max", faces_max),
        "with_crops": with_crops,
    }


def at_least_one(name: str, value: int | None) -> int:
    """A number on the wire, where 0 stands for None.

    Raises:
        ArgumentInvalid: it is below 1.
    """
    if value is not None and value < 1:
        raise ArgumentInvalid(f"{name} must be at least 1, got {value}")
    return value or 0


def embed_batch(
    images: list[ImageSource], faces_max: int | None, with_crops: bool
) -> Call[list[ImageResult]]:
    """EmbedBatch."""
    request = message(
        embedding_pb.EmbedBatchRequest,
        images=[image_bytes(image) for image in images],
        faces_max=at_least_one("faces_max", faces_max),
        with_crops=with_crops,
    )
    return Call(EMBEDDING + "EmbedBatch", request, embedding_pb.EmbedBatchResponse, replies.batch)


def embed_aligned(aligned: Faces) -> Call[Embeddings]:
    """EmbedAligned."""
    request = message(
        embedding_pb.EmbedAlignedRequest,
        faces=np.ascontiguousarray(check_faces(aligned)).tobytes(),
    )
    path = EMBEDDING + "EmbedAligned"
    return Call(path, request, embedding_pb.EmbedAlignedResponse, replies.embeddings)


def verify_images(
    probe: ImageSource, reference: ImageSource, decision: face_pb.Decision, largest_face: bool
) -> Call[Verification]:
    """VerifyImages."""
    request = message(
        embedding_pb.VerifyImagesRequest,
        first=image_bytes(probe),
        second=image_bytes(reference),
        decision=decision,
        largest_face=largest_face,
    )
    response = embedding_pb.VerifyImagesResponse
    return Call(EMBEDDING + "VerifyImages", request, response, replies.images_verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """What is stored with a face; see EnrollRequest in gallery_service.proto."""

    person_id: str
    name: str
    metadata: Mapping[str, str]
    largest_face: bool = False
    face_id: str = ""


def several(images: ImageSource | Sequence[ImageSource]) -> list[ImageSource]:
    """One or more images, as a list; only a list or a tuple are several."""
    found = list(images) if isinstance(images, list | tuple) else [cast("ImageSource", images)]
    if not found:
        raise ArgumentInvalid("images is empty: pass one or more")
    return found


def enroll(image: ImageSource, enrollment: Enrollment) -> Call[EnrolledFace]:
    """Enroll; without a face_id the content makes one, so that the call may be repeated."""
    request = message(
        gallery_pb.EnrollRequest,
        image=image_bytes(image),
        person_id=enrollment.person_id,
        face_id=enrollment.face_id,
        name=enrollment.name,
        metadata=enrollment.metadata,
        source=source_of(image),
        largest_face=enrollment.largest_face,
    )
    request.face_id = request.face_id or face_id_of(request.person_id, request.image)
    return Call(GALLERY + "Enroll", request, gallery_pb.EnrollResponse, replies.enrolled)


def identify(
    image: ImageSource, decision: face_pb.Decision, k: int, faces_max: int | None
) -> Call[list[Identification]]:
    """Identify."""
    request = message(
        gallery_pb.IdentifyRequest,
        image=image_bytes(image),
        decision=decision,
        k=at_least_one("k", k),
        faces_max=at_least_one("faces_max", faces_max),
    )
    return Call(GALLERY + "Identify", request, gallery_pb.IdentifyResponse, replies.identified)


def verify(
    person_id: str, image: ImageSource, decision: face_pb.Decision, largest_face: bool
) -> Call[Verification]:
    """Verify."""
    request = message(
        gallery_pb.VerifyRequest,
        person_id=person_id,
        image=image_bytes(image),
        decision=decision,
        largest_face=largest_face,
    )
    return Call(GALLERY + "Verify", request, gallery_pb.VerifyResponse, replies.verdict)


def get_person(person_id: str) -> Call[Person]:
    """GetPerson."""
    request = message(gallery_pb.GetPersonRequest, person_id=person_id)

    def read(response: gallery_pb.GetPersonResponse) -> Person:
        return replies.person(response.person)

    return Call(GALLERY + "GetPerson", request, gallery_pb.GetPersonResponse, read)


def list_people(page_size: int, token: str) -> Call[Page]:
    """ListPeople, one page."""
    request = message(gallery_pb.ListPeopleRequest, page_size=page_size, page_token=token)

    def read(response: gallery_pb.ListPeopleResponse) -> Page:
        return Page(tuple(map(replies.person, response.people)), response.next_page_token)

    return Call(GALLERY + "ListPeople", request, gallery_pb.ListPeopleResponse, read)


def delete_person(person_id: str) -> Call[DeletionReceipt]:
    """DeletePerson. Not repeated: after a lost answer the second would say UNKNOWN_PERSON."""
    request = message(gallery_pb.DeletePersonRequest, person_id=person_id)
    response = gallery_pb.DeletePersonResponse
    return Call(GALLERY + "DeletePerson", request, response, replies.receipt, is_idempotent=False)


def delete_face(face_id: str) -> Call[DeletionReceipt]:
    """DeleteFace. Not repeated: after a lost answer the second would say UNKNOWN_FACE."""
    request = message(gallery_pb.DeleteFaceRequest, face_id=face_id)
    response = gallery_pb.DeleteFaceResponse
    return Call(GALLERY + "DeleteFace", request, response, replies.receipt, is_idempotent=False)


def info() -> Call[ServerInfo]:
    """GetInfo."""
    return Call(INFO + "GetInfo", info_pb.GetInfoRequest(), info_pb.GetInfoResponse, replies.info)


def gallery(name: str) -> Call[str]:
    """GetInfo, for the name of the gallery; checks the one that is asked for."""

    def read(response: info_pb.GetInfoResponse) -> str:
        served: str = response.gallery.name
        if name not in {"", served}:
            raise FileMissing(f"no gallery {name!r}: the server serves {served!r}")
        return served

    return Call(INFO + "GetInfo", info_pb.GetInfoRequest(), info_pb.GetInfoResponse, read)


def decision(
    threshold: float | None, fmr: float | None, fpir: float | None = None
) -> face_pb.Decision:
    """The operating point of a request: one of the three, or none for the server's default.

    Raises:
        ArgumentInvalid: both are given.
    """
    given = {"threshold": threshold, "fmr": fmr, "fpir": fpir}
    named = {name: value for name, value in given.items() if value is not None}
    if len(named) > 1:
        raise ArgumentInvalid(f"pass one of fmr, fpir and threshold, got {named}")
    return message(face_pb.Decision, **named)
