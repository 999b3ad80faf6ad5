"""The client for ordinary, blocking code.

with FacenetClient("127.0.0.1:50051") as client:
    client.enroll("ada", Path("ada.jpg"), name="Ada Lovelace")
    for face in client.identify(Path("party.jpg")):
        print(face.person_id or "unknown")
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from facenet_res.client import calls
from facenet_res.client.arguments import Photo
from facenet_res.client.calls import Answer, Call
from facenet_res.client.connection import OPTIONS, READY_CHECK_S, READY_POLL_S, Attempts, Terms
from facenet_res.client.results import (
    BatchItem,
    DeletionReceipt,
    EnrolledFace,
    Person,
    ServerInfo,
)
from facenet_res.client.retry import RetryPolicy
from facenet_res.core.errors import ClientClosed, ServerUnreachable
from facenet_res.core.types import Embeddings, Face, Faces, Identification, Verification


class FacenetClient:
    """Speaks to one server. Safe to share between threads; closes its connection with `with`.

    Images are the bytes of a JPEG, PNG or WebP file, or a path to one, as str or Path. Every method
    raises what the server raised, as the classes of `facenet_res.core.errors`; besides what each
    lists:

        ImageUnreadable, ImageTooLarge: the image.
        ArgumentInvalid: an argument is out of range.
        FileMissing: the path of an image names no file that can be read.
        QueueFull, ShuttingDown, DeadlineExceeded, ServerUnreachable: try again later.
        ServerFault: the server failed by a fault of its own.
        ClientClosed: this client is closed.
    """

    def __init__(
        self, address: str, *, deadline_s: float = 30.0, retry: RetryPolicy | None = None
    ) -> None:
        """Connects at the first call.

        Args:
            address: host:port.
            deadline_s: longest time a call may take, with all its repetitions; at most a day.
            retry: how refused calls are repeated; RetryPolicy() where None.

        Raises:
            ArgumentInvalid: the deadline is not positive, or over a day.
        """
        self._terms = Terms(address, deadline_s, retry or RetryPolicy())
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; calls under way are cancelled."""
        self._is_closed = True
        self._channel.close()

    def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns as soon as the server serves.

        Raises:
            ServerUnreachable: it does not within the time.
            ClientClosed: this client is closed.
        """
        self._check_open()
        end_s = time.monotonic() + timeout_s
        while not self._is_serving():
            if time.monotonic() >= end_s:
                raise ServerUnreachable(
                    f"no server is ready at {self._terms.address} after {timeout_s:g} s"
                )
            time.sleep(READY_POLL_S)

    def embed(self, image: Photo, *, faces_max: int = 0, with_crops: bool = False) -> list[Face]:
        """The faces of an image, largest first; an empty list where it holds none.

        Args:
            image: file bytes or path.
            faces_max: most faces to return; 0 for all of them.
            with_crops: whether to fetch the aligned faces too; without, crop is uint8[0, 0, 3].
        """
        return self._run(calls.embed(image, faces_max, with_crops))

    def embed_batch(
        self, images: Sequence[Photo], *, faces_max: int = 0, with_crops: bool = False
    ) -> list[BatchItem]:
        """The faces of several images in one request; a bad image fails alone."""
        return self._run(calls.embed_batch(list(images), faces_max, with_crops))

    def embed_aligned(self, aligned: Faces) -> Embeddings:
        """Embeds faces that are found and aligned already, e.g. crops of an earlier answer.

        Args:
            aligned: uint8[B, 112, 112, 3] RGB, aligned to the ArcFace template; at most
                `info().limits.batch_images_max` of them.

        Returns:
            float32[B, D], rows of unit length, in the order of the faces.

        Raises:
            ArrayInvalid: another shape or type, no face, or one that the network cannot embed.
        """
        return self._run(calls.embed_aligned(aligned))

    def verify_images(
        self,
        first: Photo,
        second: Photo,
        *,
        threshold: float | None = None,
        fmr: float | None = None,
        largest_face: bool = False,
    ) -> Verification:
        """Whether two photographs show the same person.

        Args:
            first: file bytes or path.
            second: the other one.
            threshold: least similarity, in [-1, 1]; or
            fmr: one that the model lists. Neither: the server's default.
            largest_face: take the largest of several faces rather than refuse the photograph.

        Raises:
            NoFace: a photograph holds no face.
            SeveralFaces: one holds several, and largest_face is False.
        """
        decision = calls.decision(threshold, fmr)
        return self._run(calls.verify_images(first, second, decision, largest_face))

    def enroll(
        self,
        person_id: str,
        image: Photo,
        *,
        name: str = "",
        metadata: Mapping[str, str] | None = None,
        face_id: str = "",
        largest_face: bool = False,
    ) -> EnrolledFace:
        """Stores the face of an image; when this returns, it is on the server's disk.

        Args:
            person_id: made where it does not exist yet.
            image: file bytes or path; the path's name is kept as the face's source.
            name: for people to read; "" keeps what is stored.
            metadata: kept with the person; None keeps what is stored.
            face_id: the same one again stores nothing twice; "" stands for a hash of the person's
                id and the image's bytes, so that the same photograph is stored once.
            largest_face: take the largest of several faces rather than refuse the image.

        Raises:
            NoFace: the image holds no face.
            SeveralFaces: it holds several, and largest_face is False.
            FaceExists: the face_id is taken by another face.
            DiskFull: the server could not write.
        """
        enrollment = calls.Enrollment(
            person_id=person_id,
            name=name,
            metadata={} if metadata is None else metadata,
            face_id=face_id,
            largest_face=largest_face,
        )
        return self._run(calls.enroll(image, enrollment))

    def identify(
        self,
        image: Photo,
        *,
        threshold: float | None = None,
        fmr: float | None = None,
        top_k: int = 5,
        faces_max: int = 0,
    ) -> list[Identification]:
        """Who the faces of an image are, largest first; threshold and rate as in verify_images.

        The rate is that of one comparison: among N enrolled faces a stranger is named up to N
        times as often, so that a large gallery asks for a stricter one.
        """
        decision = calls.decision(threshold, fmr)
        return self._run(calls.identify(image, decision, top_k, faces_max))

    def verify(
        self,
        person_id: str,
        image: Photo,
        *,
        threshold: float | None = None,
        fmr: float | None = None,
        largest_face: bool = False,
    ) -> Verification:
        """Whether an image shows this enrolled person; threshold and rate as in verify_images.

        Raises:
            UnknownPerson: nobody of this id is enrolled.
            NoFace: the image holds no face.
            SeveralFaces: it holds several, and largest_face is False.
        """
        decision = calls.decision(threshold, fmr)
        return self._run(calls.verify(person_id, image, decision, largest_face))

    def get_person(self, person_id: str) -> Person:
        """A person with all faces; raises UnknownPerson where there is none."""
        return self._run(calls.get_person(person_id))

    def list_people(self, page_size: int = 100) -> Iterator[Person]:
        """Everybody, by the order of ids, fetched page by page, without the faces."""
        token = ""
        while True:
            page = self._run(calls.list_people(page_size, token))
            yield from page.people
            token = page.next_token
            if not token:
                return

    def delete_person(self, person_id: str) -> DeletionReceipt:
        """Deletes a person and all faces; raises UnknownPerson where there is none."""
        return self._run(calls.delete_person(person_id))

    def delete_face(self, face_id: str) -> DeletionReceipt:
        """Deletes one face; raises UnknownFace where there is none."""
        return self._run(calls.delete_face(face_id))

    def info(self) -> ServerInfo:
        """Model, limits, thresholds and counts of the server."""
        return self._run(calls.info())

    def _run(self, call: Call[Answer]) -> Answer:
        self._check_open()
        method = self._channel.unary_unary(
            call.path,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.response_type.FromString,
        )
        attempts = Attempts(call, self._terms)
        while True:
            try:
                response = method(call.request, timeout=attempts.remaining_s())
            except grpc.RpcError as error:
                wait_s = attempts.wait_s_after(error)
            else:
                return call.read(response)
            time.sleep(wait_s)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosed(f"the client of {self._terms.address} is closed")

    def _is_serving(self) -> bool:
        stub = HealthStub(self._channel)
        try:
            answer = stub.Check(HealthCheckRequest(), timeout=READY_CHECK_S)
        except grpc.RpcError:
            return False
        return bool(answer.status == HealthCheckResponse.SERVING)
