"""The server as its users meet it: a process, a port, a client."""

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from facenet_res.client import AsyncFacenetClient, FacenetClient
from facenet_res.core.errors import (
    ArgumentInvalid,
    ArrayInvalid,
    FaceExists,
    ImageTooLarge,
    ImageUnreadable,
    NoFace,
    SeveralFaces,
    UnknownFace,
    UnknownPerson,
)
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.serving import ServerProcess, portraits

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random network, slow enough for requests to meet in batches."""
    folder = tmp_path_factory.mktemp("model") / "random"
    return write_random_artifact(folder, width=0.5, stem="full").folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), model, "--workers", "8") as process:
        yield process


@pytest.fixture
def client(server: ServerProcess) -> Iterator[FacenetClient]:
    with FacenetClient(server.address) as connected:
        connected.wait_until_ready()
        yield connected


@pytest.fixture(scope="module")
def photos() -> tuple[bytes, bytes]:
    return portraits()


def test_bytes_that_are_no_message_are_the_callers_fault(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        method = channel.unary_unary("/facenet_res.v1.GalleryService/Enroll")
        with pytest.raises(grpc.RpcError) as caught:
            method(b"\xff\xff\xff", timeout=10)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert ("error-reason", "ARGUMENT_INVALID") in tuple(caught.value.trailing_metadata())
    assert "Traceback" not in server.log.read_text()


def test_says_at_the_start_where_and_what_it_serves(server: ServerProcess) -> None:
    assert "model random-0-" in server.ready_line
    assert "engine OpenVINO" in server.ready_line
    assert "0 people and 0 faces" in server.ready_line
    assert server.ready_line.rstrip().endswith(" s")


def test_embeds_the_faces_of_a_photograph(
    client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    (face,) = client.embed(photos[0], with_crops=True)
    assert abs(np.linalg.norm(face.embedding) - 1) < 1e-3
    assert face.embedding.shape == (client.info().embedding_dim,)
    assert face.crop.shape == (112, 112, 3)
    assert 150 < face.box.x0 < face.box.x1 < 300
    eyes, mouth = face.landmarks[:2], face.landmarks[3:]
    assert eyes[:, 1].max() < mouth[:, 1].min()


def test_fetches_no_crop_that_was_not_asked_for(
    client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    assert client.embed(photos[0])[0].crop.size == 0


def test_a_picture_without_a_face_has_an_empty_answer(client: FacenetClient) -> None:
    gallery = client.open_gallery()
    assert client.embed(blank()) == []
    assert gallery.identify(blank()) == []


def test_a_bad_image_of_a_batch_fails_alone(
    client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    first, bad, empty, second = client.embed_batch([photos[0], b"text", blank(), photos[1]])
    assert len(first.faces) == 1
    assert len(second.faces) == 1
    assert isinstance(bad.error, ImageUnreadable)
    assert empty.faces == ()
    assert empty.error is None


def test_an_aligned_face_embeds_as_in_its_photograph(
    client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    (face,) = client.embed(photos[0], with_crops=True)
    alone = client.embed_aligned(face.crop[None])
    many = client.embed_aligned(np.stack([face.crop] * 5))
    assert (alone.shape, many.shape) == ((1, face.embedding.size), (5, face.embedding.size))
    assert float(np.min(np.vstack([alone, many]) @ face.embedding)) > 0.999
    with pytest.raises(ArgumentInvalid, match="64 faces"):
        client.embed_aligned(np.stack([face.crop] * 65))
    with pytest.raises(ArrayInvalid, match="at least one face"):
        client.embed_aligned(face.crop[None][:0])


def test_two_photographs_are_compared(client: FacenetClient, photos: tuple[bytes, bytes]) -> None:
    same = client.verify(photos[0], photos[0])
    assert same.is_match
    assert same.score == pytest.approx(1, abs=1e-3)
    assert (same.threshold, same.fmr) == (0.6, 1e-3)
    strict = client.verify(photos[0], photos[1], threshold=1.0)
    assert not strict.is_match
    assert strict.fmr is None
    assert client.verify(*photos, fmr=1e-4).threshold == 0.7


def test_a_person_is_enrolled_found_and_deleted(
    client: FacenetClient, photos: tuple[bytes, bytes], tmp_path: Path
) -> None:
    gallery = client.open_gallery()
    # Given: a person with one face, from a file.
    path = tmp_path / "portrait.jpg"
    path.write_bytes(photos[0])
    (face,) = gallery.enroll(
        "eileen", path, display_name="Eileen Collins", metadata={"crew": "STS-93"}
    )
    try:
        # Then: it is known, and nobody else is.
        (known,) = gallery.identify(photos[0], threshold=0.99)
        (unknown,) = gallery.identify(photos[1], threshold=0.99)
        assert known.person_id == "eileen"
        assert not unknown.is_known
        assert unknown.candidates[0].person_id == "eileen"
        assert gallery.verify("eileen", photos[0]).is_match
        person = gallery.person("eileen")
        assert (person.name, dict(person.metadata)) == ("Eileen Collins", {"crew": "STS-93"})
        assert person.faces == (face,)
        assert face.source == "portrait.jpg"
        assert [one.person_id for one in gallery.people(page_size=1)] == ["eileen"]
    finally:
        receipt = gallery.delete_person("eileen")
    assert (receipt.person_id, receipt.faces, receipt.rows_left) == ("eileen", 1, 0)
    with pytest.raises(UnknownPerson):
        gallery.verify("eileen", photos[0])


def test_an_enrolment_repeated_stores_one_face(
    client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    gallery = client.open_gallery()
    (first,) = gallery.enroll("grace", photos[1], face_id="upload-1")
    (again,) = gallery.enroll("grace", photos[1], face_id="upload-1")
    assert again == first
    assert gallery.person("grace").face_count == 1
    with pytest.raises(FaceExists):
        gallery.enroll("somebody else", photos[0], face_id="upload-1")
    assert gallery.delete_face("upload-1").faces == 1
    with pytest.raises(UnknownFace):
        gallery.delete_face("upload-1")
    gallery.delete_person("grace")


def test_what_cannot_be_served_ends_in_one_clear_error(
    client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    gallery = client.open_gallery()
    two = np.concatenate([cv2.imdecode(np.frombuffer(photos[0], np.uint8), 1)[..., ::-1]] * 2, 1)
    with pytest.raises(ImageUnreadable):
        client.embed(photos[0][:5000])
    with pytest.raises(ImageTooLarge, match="16777216"):
        client.embed(bytes(17 << 20))
    with pytest.raises(ImageTooLarge, match="larger than"):
        client.embed(bytes(34 << 20))
    with pytest.raises(NoFace, match="second"):
        client.verify(photos[0], blank())
    with pytest.raises(SeveralFaces, match="2"):
        gallery.enroll("eileen", encode_jpeg(np.ascontiguousarray(two)))
    with pytest.raises(ArgumentInvalid, match=r"0\.0001 to 0\.01"):
        client.verify(*photos, fmr=0.5)
    with pytest.raises(ArgumentInvalid, match="cosine"):
        client.verify(*photos, threshold=float("nan"))
    with pytest.raises(ArgumentInvalid, match="0 characters"):
        gallery.enroll("", photos[0])
    with pytest.raises(ArgumentInvalid, match="65 images"):
        client.embed_batch([b"x"] * 65)
    with pytest.raises(ArgumentInvalid, match="1000"):
        list(gallery.people(page_size=1001))


def test_64_clients_get_what_one_gets_and_share_batches(
    server: ServerProcess, client: FacenetClient, photos: tuple[bytes, bytes]
) -> None:
    # Given: the answers that one client gets alone.
    alone = [client.embed(photo)[0].embedding for photo in photos]

    async def ask(number: int) -> float:
        async with AsyncFacenetClient(server.address, deadline_s=60) as one:
            (face,) = await one.embed(photos[number % 2])
            return float(face.embedding @ alone[number % 2])

    async def ask_all() -> list[float]:
        return await asyncio.gather(*map(ask, range(64)))

    # When: 64 ask at once.
    similarities = asyncio.run(ask_all())

    # Then: each has the same answer, and calls of the engine were shared.
    assert len(similarities) == 64
    assert min(similarities) >= 0.999
    assert client.info().batcher.batch_size_max > 1
    assert re.search(r"batch of ([2-9]|\d\d) faces", server.log.read_text())


def test_requests_under_way_are_answered_when_the_server_stops(
    tmp_path: Path, model: Path, photos: tuple[bytes, bytes]
) -> None:
    with ServerProcess(tmp_path, model) as process, FacenetClient(process.address) as client:
        client.wait_until_ready()
        with ThreadPoolExecutor(1) as pool:
            # Given: a request that takes a while, and is being served.
            waiting = pool.submit(client.embed_batch, [photos[0]] * 16)
            until_logged(process.log, "batch of")
            # When: the server is asked to stop.
            process.terminate()
            # Then: the request is answered in full, and the server ends well.
            assert [len(item.faces) for item in waiting.result()] == [1] * 16
        assert process.wait() == 0


def test_answers_health_checks(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "facenet_res.v1.GalleryService"):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def blank() -> bytes:
    return encode_jpeg(np.full((200, 200, 3), 90, np.uint8))


def until_logged(log: Path, words: str) -> None:
    """Waits for a line of the log, without guessing how long that takes."""
    tick = threading.Event()
    for _ in range(1000):
        if words in log.read_text():
            return
        tick.wait(0.02)
    raise AssertionError(f"{words!r} never came: {log.read_text()}")
