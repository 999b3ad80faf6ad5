"""Every error has a status and travels there and back."""

import asyncio
import logging
from collections.abc import Iterator

import grpc
import pytest

from facenet_res.client.errors import error_of
from facenet_res.core import errors
from facenet_res.core.errors import FacenetError, InputError, NoFace, QueueFull, UnknownPerson
from facenet_res.server.context import Call
from facenet_res.server.interceptors.errors import MESSAGE_CHARS_MAX, errors_to_statuses, status_of


def all_errors() -> Iterator[type[FacenetError]]:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, FacenetError) and kind.reason:
            yield kind


class Aborted(Exception):
    """What gRPC's abort raises."""


class FakeContext:
    """Remembers with what the call was ended."""

    def __init__(self) -> None:
        self.ended: list[tuple[object, ...]] = []

    async def abort(self, *ended: object) -> None:
        self.ended.append(ended)
        raise Aborted


def served(error: Exception) -> tuple[object, ...]:
    context = FakeContext()

    async def fail(call: Call) -> bytes:
        raise error

    call = Call("S/M", context, "ada", "ada:1", 0.0, {}, "r-1")  # type: ignore[arg-type]
    with pytest.raises(Aborted):
        asyncio.run(errors_to_statuses(fail, call))
    (ended,) = context.ended
    return ended


@pytest.mark.parametrize("kind", list(all_errors()))
def test_every_error_comes_back_as_itself(kind: type[FacenetError]) -> None:
    code, message, trailing = served(kind("the value and the limit"))
    assert isinstance(code, grpc.StatusCode)
    assert code not in (grpc.StatusCode.OK, grpc.StatusCode.INTERNAL)
    assert ("error-reason", kind.reason) in trailing  # type: ignore[operator]
    back = error_of(code, str(message), kind.reason, "here")
    assert type(back) is kind
    assert str(back) == "the value and the limit"


def test_the_status_says_what_the_caller_can_do() -> None:
    assert status_of(NoFace("")) is grpc.StatusCode.INVALID_ARGUMENT
    assert status_of(UnknownPerson("")) is grpc.StatusCode.NOT_FOUND
    assert status_of(QueueFull("")) is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_new_input_error_needs_no_new_line_here() -> None:
    class Newer(InputError):
        reason = "NEWER"

    assert status_of(Newer("")) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_bug_shows_its_trace_in_the_log_and_not_on_the_wire(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        code, message, trailing = served(KeyError("secret"))
    assert code is grpc.StatusCode.INTERNAL
    assert "secret" not in f"{message} {trailing!r}"
    assert "secret" in caplog.text


def test_an_endless_message_is_cut_to_what_headers_take() -> None:
    _, message, _ = served(NoFace("x" * 100_000))
    assert len(str(message)) == MESSAGE_CHARS_MAX
