"""Both clients against a scripted server: what is repeated, what is raised, how long it takes."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from facenet_res.client import (
    AsyncFacenetClient,
    AsyncRemoteGallery,
    FacenetClient,
    RemoteGallery,
    RetryPolicy,
)
from facenet_res.core.errors import (
    ArgumentInvalid,
    ClientClosed,
    DeadlineExceeded,
    FacenetError,
    FileMissing,
    NoFace,
    QueueFull,
    ServerFault,
    ServerUnreachable,
    UnknownPerson,
)
from facenet_res.v1 import gallery_service_pb2 as gallery_pb
from facenet_res.v1 import gallery_service_pb2_grpc as gallery_rpc
from facenet_res.v1 import info_service_pb2 as info_pb
from facenet_res.v1 import info_service_pb2_grpc as info_rpc

Failure = tuple[grpc.StatusCode, str]
QUICK = RetryPolicy(attempts_max=3, backoff_s=0.001, backoff_s_max=0.002)
OF_GALLERY = {"enroll", "delete_person"}
FULL: Failure = (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")


class Script(info_rpc.InfoServiceServicer, gallery_rpc.GalleryServiceServicer):
    """Fails as the list says, then answers; remembers what it was sent."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.requests: list[Any] = []
        self.hang_s = 0.0

    def GetInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer(request, context, info_pb.GetInfoResponse(version="1"))

    def Enroll(self, request: Any, context: Any) -> Any:  # noqa: N802
        face = gallery_pb.EnrolledFace(face_id=request.face_id, person_id=request.person_id)
        return self._answer(request, context, gallery_pb.EnrollResponse(enrolled=face))

    def DeletePerson(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answer(request, context, gallery_pb.DeletePersonResponse())

    def ListPeople(self, request: Any, context: Any) -> Any:  # noqa: N802
        first = int(request.page_token or 0)
        people = [gallery_pb.Person(person_id=str(n)) for n in range(first, min(first + 2, 5))]
        token = str(first + 2) if first + 2 < 5 else ""
        response = gallery_pb.ListPeopleResponse(people=people, next_page_token=token)
        return self._answer(request, context, response)

    def _answer(self, request: Any, context: Any, response: Any) -> Any:
        self.requests.append(request)
        if self.hang_s:
            # Ends as soon as the caller has gone.
            while context.is_active():
                time.sleep(0.005)
        if self.failures:
            code, reason = self.failures.pop(0)
            if reason:
                context.set_trailing_metadata((("error-reason", reason),))
            context.abort(code, "as the script says")
        return response


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def address(script: Script) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(4))
    info_rpc.add_InfoServiceServicer_to_server(script, server)
    gallery_rpc.add_GalleryServiceServicer_to_server(script, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def sync_call(address: str, method: str, *arguments: Any, **options: Any) -> Any:
    with FacenetClient(address, **{"retry": QUICK, "deadline_s": 10, **options}) as client:
        target = RemoteGallery(client, "") if method in OF_GALLERY else client
        return first_of(getattr(target, method)(*arguments))


def async_call(address: str, method: str, *arguments: Any, **options: Any) -> Any:
    async def call() -> Any:
        terms = {"retry": QUICK, "deadline_s": 10, **options}
        async with AsyncFacenetClient(address, **terms) as client:
            target = AsyncRemoteGallery(client, "") if method in OF_GALLERY else client
            return first_of(await getattr(target, method)(*arguments))

    return asyncio.run(call())


def first_of(answer: Any) -> Any:
    """What an enrolment of one image returns, out of its list."""
    return answer[0] if isinstance(answer, list) else answer


Caller = Callable[..., Any]
both = pytest.mark.parametrize("call", [sync_call, async_call])


@both
def test_a_full_server_is_asked_again(
    call: Caller, script: Script, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    script.failures = [FULL, FULL]
    with caplog.at_level(logging.INFO, logger="facenet_res"):
        assert call(address, "info").version == "1"
    assert len(script.requests) == 3
    assert "attempt 1 of 3 of /facenet_res.v1.InfoService/GetInfo failed" in caplog.text


@both
def test_patience_ends_with_the_error_of_the_last_attempt(
    call: Caller, script: Script, address: str
) -> None:
    script.failures = [FULL] * 9
    with pytest.raises(QueueFull, match="as the script says"):
        call(address, "info")
    assert len(script.requests) == 3


@both
def test_an_enrolment_is_repeated_under_one_face_id(
    call: Caller, script: Script, address: str
) -> None:
    script.failures = [(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")]
    face = call(address, "enroll", "ada", b"image")
    first, second = (request.face_id for request in script.requests)
    assert first == second == face.face_id != ""


@both
@pytest.mark.parametrize(
    ("method", "failure", "kind"),
    [
        ("delete_person", FULL, QueueFull),
        ("delete_person", (grpc.StatusCode.NOT_FOUND, "UNKNOWN_PERSON"), UnknownPerson),
        ("delete_person", (grpc.StatusCode.INVALID_ARGUMENT, "NO_FACE"), NoFace),
        ("delete_person", (grpc.StatusCode.INTERNAL, ""), ServerFault),
        ("delete_person", (grpc.StatusCode.FAILED_PRECONDITION, "OF_THE_FUTURE"), ServerFault),
    ],
)
def test_what_must_not_be_repeated_is_raised_at_once(
    call: Caller,
    script: Script,
    address: str,
    method: str,
    failure: Failure,
    kind: type[FacenetError],
) -> None:
    script.failures = [failure]
    with pytest.raises(kind):
        call(address, method, "ada")
    assert len(script.requests) == 1


@both
def test_the_deadline_covers_all_attempts(call: Caller, script: Script, address: str) -> None:
    script.hang_s = 1
    with pytest.raises(DeadlineExceeded, match=r"within 0\.2 s"):
        call(address, "info", deadline_s=0.2)
    assert len(script.requests) == 1


@both
def test_a_server_that_is_not_there_is_named(call: Caller) -> None:
    with pytest.raises(ServerUnreachable, match=r"at 127\.0\.0\.1:1: connection refused$"):
        call("127.0.0.1:1", "info")


@both
def test_waiting_for_a_server_that_never_comes_ends(call: Caller) -> None:
    with pytest.raises(ServerUnreachable, match=r"after 0\.1 s"):
        call("127.0.0.1:1", "wait_until_ready", 0.1)


@both
def test_a_missing_file_is_named_before_anything_is_sent(
    call: Caller, script: Script, address: str, tmp_path: Path
) -> None:
    with pytest.raises(FileMissing, match=r"none\.jpg"):
        call(address, "enroll", "ada", tmp_path / "none.jpg")
    assert script.requests == []


def test_everybody_is_listed_over_all_pages(script: Script, address: str) -> None:
    async def listed() -> list[str]:
        async with AsyncFacenetClient(address) as client:
            people = AsyncRemoteGallery(client, "").people(2)
            return [person.person_id async for person in people]

    with FacenetClient(address) as client:
        assert [person.person_id for person in RemoteGallery(client, "").people(2)] == list("01234")
    assert asyncio.run(listed()) == list("01234")
    assert [request.page_token for request in script.requests] == ["", "2", "4"] * 2


def test_a_threshold_and_a_rate_together_are_refused(address: str) -> None:
    with (
        FacenetClient(address) as client,
        pytest.raises(ArgumentInvalid, match="one of fmr, fpir and threshold"),
    ):
        client.verify(b"", b"", threshold=0.3, fmr=1e-3)


@pytest.mark.parametrize("deadline_s", [0, -1, float("inf"), float("nan"), 86_401])
def test_a_deadline_must_lie_ahead_and_within_a_day(deadline_s: float) -> None:
    with pytest.raises(ArgumentInvalid, match="greater than 0 and at most 86400"):
        FacenetClient("127.0.0.1:1", deadline_s=deadline_s)


@both
def test_the_same_photograph_of_a_person_is_enrolled_under_one_face_id(
    call: Caller, script: Script, address: str
) -> None:
    ids = [
        call(address, "enroll", person, image).face_id
        for person, image in [("ada", b"1"), ("ada", b"1"), ("ada", b"2"), ("eve", b"1")]
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@both
def test_what_cannot_be_sent_is_refused_before_it_is_sent(
    call: Caller, script: Script, address: str
) -> None:
    with pytest.raises(ArgumentInvalid, match=r"person_id cannot be sent as '\\udcff'"):
        call(address, "enroll", "\udcff", b"image")
    assert script.requests == []


def test_a_closed_client_says_so(address: str) -> None:
    async def use_closed() -> None:
        client = AsyncFacenetClient(address)
        await client.close()
        await client.info()

    client = FacenetClient(address)
    client.close()
    with pytest.raises(ClientClosed, match=f"client of {address} is closed"):
        client.info()
    with pytest.raises(ClientClosed):
        client.wait_until_ready()
    with pytest.raises(ClientClosed):
        asyncio.run(use_closed())


def test_the_client_is_light() -> None:
    program = (
        "import sys, facenet_res.client\n"
        "heavy = {'cv2', 'faiss', 'openvino', 'keras', 'tensorflow', 'torch', 'sqlite3'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # A process whose coverage is measured has sqlite3 for that.
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
