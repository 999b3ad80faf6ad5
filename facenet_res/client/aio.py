"""The client for asyncio: the methods of `FacenetClient`, awaited.

async with AsyncFacenetClient("127.0.0.1:50051") as client:
gallery = await client.open_gallery()
await gallery.enroll("ada", "ada.jpg", display_name="Ada Lovelace")
parties = await asyncio.gather(*(gallery.identify(path) for path in paths))
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Self

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from facenet_res.client import calls
from facenet_res.client.arguments import ImageSource
from facenet_res.client.calls import Answer, Call
from facenet_res.client.channel import Endpoint, Tls, endpoint_of
from facenet_res.client.client import DEADLINE_S
from facenet_res.client.connection import READY_CHECK_S, READY_POLL_S, Attempts, Terms
from facenet_res.client.results import DeletionReceipt, EnrolledFace, Person, ServerInfo
from facenet_res.client.retry import RetryPolicy
from facenet_res.core.errors import ClientClosed, InputError, ServerUnreachable
from facenet_res.core.files import given_path
from facenet_res.core.image_files import image_files
from facenet_res.core.types import (
    Embeddings,
    Face,
    Faces,
    Identification,
    ImageResult,
    Verification,
)


class AsyncFacenetClient:
    """A connection to one server, for one event loop; an async context manager.

    Methods, arguments, results and errors are those of `FacenetClient`, where they are described.
    Cancelling an awaited call cancels it on the server too.
    """

    def __init__(
        self,
        address: str | Endpoint,
        *,
        tls: Tls | bool | None = None,
        token: str | None = None,
        api_key: str | None = None,
        deadline_s: float = DEADLINE_S,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Connects at the first call; see `FacenetClient`."""
        endpoint = endpoint_of(address, tls, token, api_key)
        self._terms = Terms.of(endpoint, deadline_s, retry)
        self._channel: grpc.aio.Channel = endpoint.open(grpc.aio)
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; calls under way are cancelled."""
        self._is_closed = True
        await self._channel.close(grace=None)

    async def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Returns as soon as the server serves; see `FacenetClient`."""
        self._check_open()
        end_s = time.monotonic() + timeout_s
        while not await self._is_serving():
            if time.monotonic() >= end_s:
                raise ServerUnreachable(
                    f"no server is ready at {self._terms.address} after {timeout_s:g} s"
                )
            await asyncio.sleep(READY_POLL_S)

    async def info(self) -> ServerInfo:
        """Model, engine, limits, thresholds and counts of the server."""
        return await self.run(calls.info())

    async def detect(
        self, image: ImageSource, *, faces_max: int | None = None, with_crops: bool = True
    ) -> list[Face]:
        """Detects and aligns the faces of an image."""
        build = partial(calls.detect, image, faces_max, with_crops)
        return list((await self.read_and_run(build, image)).faces)

    async def embed(
        self, image: ImageSource, *, faces_max: int | None = None, with_crops: bool = False
    ) -> list[Face]:
        """Detects and embeds the faces of an image."""
        build = partial(calls.embed, image, faces_max, with_crops)
        return list((await self.read_and_run(build, image)).faces)

    async def embed_aligned(self, crops: Faces) -> Embeddings:
        """Embeds aligned crops."""
        return await self.run(calls.embed_aligned(crops))

    async def embed_many(
        self,
        images: str | os.PathLike[str] | Iterable[ImageSource],
        *,
        faces_max: int | None = None,
        workers: int = 4,
    ) -> AsyncIterator[ImageResult]:
        """Embeds the faces of many images, `workers` at a time, in order."""
        if isinstance(images, str | os.PathLike):
            images = image_files(given_path(images, "images"))
        left = iter(images)
        under_way = deque(self._result(image, faces_max) for image in islice(left, workers))
        try:
            while under_way:
                yield await under_way.popleft()
                under_way.extend(self._result(image, faces_max) for image in islice(left, 1))
        finally:
            for task in under_way:
                task.cancel()

    async def embed_batch(
        self,
        images: Sequence[ImageSource],
        *,
        faces_max: int | None = None,
        with_crops: bool = False,
    ) -> list[ImageResult]:
        """Embeds several images in one request; a bad image fails alone."""
        build = partial(calls.embed_batch, list(images), faces_max, with_crops)
        return await self.read_and_run(build, *images)

    async def verify(
        self,
        probe: ImageSource,
        reference: ImageSource,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        largest: bool = False,
    ) -> Verification:
        """Compares the faces of two images (1:1)."""
        decision = calls.decision(threshold, fmr)
        build = partial(calls.verify_images, probe, reference, decision, largest)
        return await self.read_and_run(build, probe, reference)

    async def open_gallery(
        self, name: str | os.PathLike[str] = "", *, create: bool = False
    ) -> "AsyncRemoteGallery":
        """The server's gallery."""
        return AsyncRemoteGallery(self, await self.run(calls.gallery(os.fspath(name))))

    async def read_and_run(self, build: Callable[[], Call[Answer]], *images: ImageSource) -> Answer:
        """Builds a call, in a thread where that reads files, and carries it."""
        if all(isinstance(image, bytes) for image in images):
            return await self.run(build())
        # Reading a file would hold up the event loop; a thread for nothing costs too.
        return await self.run(await asyncio.to_thread(build))

    async def run(self, call: Call[Answer]) -> Answer:
        """Carries one call of `client.calls` to the server and back."""
        self._check_open()
        method = self._channel.unary_unary(
            call.path,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.response_type.FromString,
        )
        attempts = Attempts(call, self._terms)
        while True:
            try:
                response = await method(
                    call.request, timeout=attempts.remaining_s(), metadata=self._terms.metadata
                )
            except grpc.RpcError as error:
                self._check_open()
                wait_s = attempts.wait_s_after(error)
            else:
                return call.read(response)
            await asyncio.sleep(wait_s)

    def _result(self, image: ImageSource, faces_max: int | None) -> asyncio.Task[ImageResult]:
        source = os.fspath(image) if isinstance(image, str | os.PathLike) else ""

        async def result() -> ImageResult:
            try:
                build = partial(calls.embed, image, faces_max, False, source)
                return await self.read_and_run(build, image)
            except InputError as error:
                return ImageResult(source, error=error)

        return asyncio.create_task(result())

    @property
    def address(self) -> str:
        """Of the server, host:port."""
        return self._terms.address

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


class AsyncRemoteGallery:
    """A server's gallery: the methods of `RemoteGallery`, awaited."""

    def __init__(self, client: AsyncFacenetClient, name: str) -> None:
        self._client = client
        self.name = name

    async def enroll(
        self,
        person_id: str,
        images: ImageSource | Sequence[ImageSource],
        *,
        display_name: str = "",
        metadata: Mapping[str, str] | None = None,
        largest: bool = False,
        face_id: str = "",
    ) -> list[EnrolledFace]:
        """Enrols a person by one or more images, image by image."""
        enrollment = calls.Enrollment(
            person_id=person_id,
            name=display_name,
            metadata=metadata or {},
            largest_face=largest,
            face_id=face_id,
        )
        return [
            await self._client.read_and_run(partial(calls.enroll, image, enrollment), image)
            for image in calls.several(images)
        ]

    async def identify(
        self,
        image: ImageSource,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
        k: int = 5,
        faces_max: int | None = None,
    ) -> list[Identification]:
        """Identifies every face of an image (1:N), largest first."""
        decision = calls.decision(threshold, fmr, fpir)
        build = partial(calls.identify, image, decision, k, faces_max)
        return await self._client.read_and_run(build, image)

    async def verify(
        self,
        person_id: str,
        image: ImageSource,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        largest: bool = False,
    ) -> Verification:
        """Compares an image with a person (1:1)."""
        decision = calls.decision(threshold, fmr)
        build = partial(calls.verify, person_id, image, decision, largest)
        return await self._client.read_and_run(build, image)

    async def person(self, person_id: str) -> Person:
        """One person with all faces; raises UnknownPerson where there is none."""
        return await self._client.run(calls.get_person(person_id))

    async def people(self, page_size: int = 100) -> AsyncIterator[Person]:
        """Everybody, by the order of ids, fetched page by page, without the faces."""
        token = ""
        while True:
            page = await self._client.run(calls.list_people(page_size, token))
            for person in page.people:
                yield person
            token = page.next_token
            if not token:
                return

    async def delete_person(self, person_id: str) -> DeletionReceipt:
        """Deletes a person and all faces; raises UnknownPerson where there is none."""
        return await self._client.run(calls.delete_person(person_id))

    async def delete_face(self, face_id: str) -> DeletionReceipt:
        """Deletes one face; raises UnknownFace where there is none."""
        return await self._client.run(calls.delete_face(face_id))
