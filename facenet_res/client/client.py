"""The client for ordinary, blocking code: a server with the methods of a local recognizer.

with connect("faces.example.org:443", token=token) as remote:
    result = remote.verify("passport.jpg", "selfie.jpg", fmr=1e-4)
    with remote.open_gallery("staff") as gallery:
        gallery.enroll("ada", ["1.jpg", "2.jpg"], display_name="Ada Lovelace")
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Self

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from facenet_res.client import calls
from facenet_res.client.arguments import ImageSource
from facenet_res.client.calls import Answer, Call
from facenet_res.client.channel import Endpoint, Tls, endpoint_of
from facenet_res.client.connection import READY_CHECK_S, READY_POLL_S, Attempts, Terms
from facenet_res.client.gallery import RemoteGallery
from facenet_res.client.results import ServerInfo
from facenet_res.client.retry import RetryPolicy
from facenet_res.core.errors import ClientClosed, InputError, ServerUnreachable
from facenet_res.core.files import given_path
from facenet_res.core.image_files import image_files
from facenet_res.core.ordered import ordered_map
from facenet_res.core.types import Embeddings, Face, Faces, ImageResult, Verification

DEADLINE_S = 30.0


def connect(
    address: str,
    *,
    token: str | None = None,
    api_key: str | None = None,
    tls: Tls | bool | None = None,
    deadline_s: float = DEADLINE_S,
    retry: RetryPolicy | None = None,
) -> "FacenetClient":
    """Connects to a server, at the first call.

    Args:
        address: host:port.
        token: bearer token; sent over TLS, or on loopback.
        api_key: made by `facenet-res keys create`; sent over TLS, or on loopback.
        tls: settings of TLS, True for the defaults, False for none; None uses TLS for every
            address but loopback.
        deadline_s: longest time a call may take, with all its repetitions; at most a day.
        retry: how refused calls are repeated; RetryPolicy() where None.

    Returns:
        A client with the methods of `FaceRecognizer`, their results and their errors.

    Raises:
        ArgumentInvalid: a token without TLS, or a deadline out of range.
    """
    endpoint = Endpoint(address, tls=tls, token=token, api_key=api_key)
    return FacenetClient(endpoint, deadline_s=deadline_s, retry=retry)


class FacenetClient:
    """A connection to one server. Safe to share between threads; a context manager.

    Images are paths (`str` or `os.PathLike`), the bytes of an image file, or uint8[H, W, 3] RGB.
    Every method raises what the server raised, as the classes of `facenet_res.core.errors`;
    besides what each lists:

        ImageUnreadable, ImageTooLarge: the image.
        ArgumentInvalid: an argument is out of range.
        FileMissing: the path of an image names no file that can be read.
        QueueFull, ShuttingDown, DeadlineExceeded, ServerUnreachable: try again later.
        ServerFault: the server failed by a fault of its own.
        ClientClosed: this client is closed.
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
        """Connects at the first call.

        Args:
            address: host:port, or an endpoint with TLS, credentials and proxy, which the next
                three must not change.
            tls: see `connect`.
            token: see `connect`.
            api_key: see `connect`.
            deadline_s: longest time a call may take, with all its repetitions; at most a day.
            retry: how refused calls are repeated; RetryPolicy() where None.

        Raises:
            ArgumentInvalid: the deadline is not positive, or over a day.
        """
        endpoint = endpoint_of(address, tls, token, api_key)
        self._terms = Terms.of(endpoint, deadline_s, retry)
        self._channel: grpc.Channel = endpoint.open(grpc)
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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

    def info(self) -> ServerInfo:
        """Model, engine, limits, thresholds and counts of the server."""
        return self.run(calls.info())

    def detect(
        self, image: ImageSource, *, faces_max: int | None = None, with_crops: bool = True
    ) -> list[Face]:
        """Detects and aligns the faces of an image; see `FaceRecognizer.detect`.

        Args:
            image: see the class.
            faces_max: most faces to return, the largest first; None for all.
            with_crops: whether to fetch the aligned crops; without, crop is uint8[0, 0, 3].
        """
        return list(self.run(calls.detect(image, faces_max, with_crops)).faces)

    def embed(
        self, image: ImageSource, *, faces_max: int | None = None, with_crops: bool = False
    ) -> list[Face]:
        """Detects and embeds the faces of an image; see `FaceRecognizer.embed` and `detect`."""
        return list(self.run(calls.embed(image, faces_max, with_crops)).faces)

    def embed_aligned(self, crops: Faces) -> Embeddings:
        """Embeds aligned crops; see `FaceRecognizer.embed_aligned`.

        Args:
            crops: uint8[B, 112, 112, 3] RGB; at most `info().limits.batch_images_max` of them.
        """
        return self.run(calls.embed_aligned(crops))

    def embed_many(
        self,
        images: str | os.PathLike[str] | Iterable[ImageSource],
        *,
        faces_max: int | None = None,
        workers: int = 4,
        on_progress: Callable[[int], None] | None = None,
    ) -> Iterator[ImageResult]:
        """Embeds the faces of many images, several at a time; see `FaceRecognizer.embed_many`."""
        if isinstance(images, str | os.PathLike):
            images = image_files(given_path(images, "images"))

        def work(image: ImageSource) -> ImageResult:
            source = os.fspath(image) if isinstance(image, str | os.PathLike) else ""
            try:
                return self.run(calls.embed(image, faces_max, False, source))
            except InputError as error:
                return ImageResult(source, error=error)

        return ordered_map(work, images, workers=workers, name="embed", on_progress=on_progress)

    def embed_batch(
        self,
        images: Sequence[ImageSource],
        *,
        faces_max: int | None = None,
        with_crops: bool = False,
    ) -> list[ImageResult]:
        """Embeds several images in one request; a bad image fails alone."""
        return self.run(calls.embed_batch(list(images), faces_max, with_crops))

    def verify(
        self,
        probe: ImageSource,
        reference: ImageSource,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        largest: bool = False,
    ) -> Verification:
        """Compares the faces of two images (1:1); see `FaceRecognizer.verify`."""
        decision = calls.decision(threshold, fmr)
        return self.run(calls.verify_images(probe, reference, decision, largest))

    def open_gallery(
        self, name: str | os.PathLike[str] = "", *, create: bool = False
    ) -> RemoteGallery:
        """The server's gallery.

        Args:
            name: of the gallery; "" for whichever the server serves.
            create: has no effect: a server creates its gallery when it starts.

        Raises:
            FileMissing: the server serves a gallery of another name.
        """
        return RemoteGallery(self, self.run(calls.gallery(os.fspath(name))))

    def run(self, call: Call[Answer]) -> Answer:
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
                response = method(
                    call.request, timeout=attempts.remaining_s(), metadata=self._terms.metadata
                )
            except grpc.RpcError as error:
                self._check_open()
                wait_s = attempts.wait_s_after(error)
            else:
                return call.read(response)
            time.sleep(wait_s)

    @property
    def address(self) -> str:
        """Of the server, host:port."""
        return self._terms.address

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
