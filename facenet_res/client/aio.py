"""The client for asyncio: the same calls as FacenetClient, awaited.

async with AsyncFacenetClient("127.0.0.1:50051") as client:
    await client.enroll("ada", Path("ada.jpg"), name="Ada Lovelace")
    parties = await asyncio.gather(*(client.identify(path) for path in paths))
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
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


class AsyncFacenetClient:
    """Speaks to one server. For one event loop; closes its connection with `async with`.

    Methods, arguments, answers and errors are those of FacenetClient, where they are described.
    Cancelling an awaited call cancels it on the server too.
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
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; calls under way are cancelled."""
        self._is_closed = True
        await self._channel.close(grace=None)

    async def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns as soon as the server serves.

        Raises:
            ServerUnreachable: it does not within the time.
            ClientClosed: this client is closed.
        """
        self._check_open()
        end_s = time.monotonic() + timeout_s
        while not await self._is_serving():
            if time.monotonic() >= end_s:
                raise ServerUnreachable(
                    f"no server is ready at {self._terms.address} after {timeout_s:g} s"
                )
            await asyncio.sleep(READY_POLL_S)

    async def embed(
        self, image: Photo, *, faces_max: int = 0, with_crops: bool = False
    ) -> list[Face]:
        """The faces of an image, largest first; an empty list where it holds none."""
        return await self._read_and_run(partial(calls.embed, image, faces_max, with_crops), [image])

    async def embed_batch(
        self, images: Sequence[Photo], *, faces_max: int = 0, with_crops: bool = False
    ) -> list[BatchItem]:
        """The faces of several images in one request; a bad image fails alone."""
        return await self._read_and_run(
            partial(calls.embed_batch, list(images), faces_max, with_crops), images
        )

    async def embed_aligned(self, aligned: Faces) -> Embeddings:
        """The embeddings, float32[B, D], of faces that are aligned already."""
        return await self._run(calls.embed_aligned(aligned))

    async def verify_images(
        self,
        first: Photo,
        second: Photo,
        *,
        threshold: float | None = None,
        fmr: float | None = None,
        largest_face: bool = False,
    ) -> Verification:
        """Whether two photographs show the same person."""
        decision = calls.decision(threshold, fmr)
        return await self._read_and_run(
            partial(calls.verify_images, first, second, decision, largest_face), [first, second]
        )

    async def enroll(
        self,
        person_id: str,
        image: Photo,
        *,
        name: str = "",
        metadata: Mapping[str, str] | None = None,
        face_id: str = "",
        largest_face: bool = False,
    ) -> EnrolledFace:
        """Stores the face of an image; when this returns, it is on the server's disk."""
        enrollment = calls.Enrollment(
            person_id=person_id,
            name=name,
            metadata={} if metadata is None else metadata,
            face_id=face_id,
            largest_face=largest_face,
        )
        return await self._read_and_run(partial(calls.enroll, image, enrollment), [image])

    async def identify(
        self,
        image: Photo,
        *,
        threshold: float | None = None,
        fmr: float | None = None,
        top_k: int = 5,
        faces_max: int = 0,
    ) -> list[Identification]:
        """Who the faces of an image are, largest first; see FacenetClient.identify."""
        decision = calls.decision(threshold, fmr)
        return await self._read_and_run(
            partial(calls.identify, image, decision, top_k, faces_max), [image]
        )

    async def verify(
        self,
        person_id: str,
        image: Photo,
        *,
        threshold: float | None = None,
        fmr: float | None = None,
        largest_face: bool = False,
    ) -> Verification:
        """Whether an image shows this enrolled person."""
        decision = calls.decision(threshold, fmr)
        return await self._read_and_run(
            partial(calls.verify, person_id, image, decision, largest_face), [image]
        )

    async def get_person(self, person_id: str) -> Person:
        """A person with all faces; raises UnknownPerson where there is none."""
        return await self._run(calls.get_person(person_id))

    async def list_people(self, page_size: int = 100) -> AsyncIterator[Person]:
        """Everybody, by the order of ids, fetched page by page, without the faces."""
        token = ""
        while True:
            page = await self._run(calls.list_people(page_size, token))
            for person in page.people:
                yield person
            token = page.next_token
            if not token:
                return

    async def delete_person(self, person_id: str) -> DeletionReceipt:
        """Deletes a person and all faces; raises UnknownPerson where there is none."""
        return await self._run(calls.delete_person(person_id))

    async def delete_face(self, face_id: str) -> DeletionReceipt:
        """Deletes one face; raises UnknownFace where there is none."""
        return await self._run(calls.delete_face(face_id))

    async def info(self) -> ServerInfo:
        """Model, limits, thresholds and counts of the server."""
        return await self._run(calls.info())

    async def _read_and_run(
        self, build: Callable[[], Call[Answer]], images: Sequence[Photo]
    ) -> Answer:
        if all(isinstance(image, bytes) for image in images):
            return await self._run(build())
        # Reading an image's file would hold up the event loop; a thread for nothing costs too.
        return await self._run(await asyncio.to_thread(build))

    async def _run(self, call: Call[Answer]) -> Answer:
        self._check_open()
        method = self._channel.unary_unary(
            call.path,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.response_type.FromString,
        )
        attempts = Attempts(call, self._terms)
        while True:
            try:
                response = await method(call.request, timeout=attempts.remaining_s())
            except grpc.RpcError as error:
                wait_s = attempts.wait_s_after(error)
            else:
                return call.read(response)
            await asyncio.sleep(wait_s)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosed(f"the client of {self._terms.address} is closed")

    async def _is_serving(self) -> bool:
        stub = HealthStub(self._channel)
        try:
            answer = await stub.Check(HealthCheckRequest(), timeout=READY_CHECK_S)
        except grpc.RpcError:
            return False
        return bool(answer.status == HealthCheckResponse.SERVING)
