"""Too many at once, too long."""

import asyncio
import time

import pytest

from facenet_res.core.errors import DeadlineExceeded, QueueFull, ShuttingDown
from facenet_res.server.context import Call
from facenet_res.server.interceptors.limits import RequestLimits


def call_of(caller: str, connection: str = "1", left_s: float = 10.0) -> Call:
    return Call(
        method="S/M",
        context=None,  # type: ignore[arg-type]
        caller=caller,
        connection=f"{caller}:{connection}",
        deadline_s=time.monotonic() + left_s,
        metadata={},
        request_id="r",
    )


async def answer(call: Call) -> bytes:
    return call.caller.encode()


def test_one_request_too_many_is_refused_and_the_next_is_not() -> None:
    async def use() -> None:
        limits = RequestLimits(2)
        release = asyncio.Event()

        async def wait(call: Call) -> bytes:
            await release.wait()
            return b"held"

        held = [asyncio.create_task(limits(wait, call_of(one))) for one in ("ada", "bob")]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull, match="limit is 2"):
            await limits(answer, call_of("ada"))
        release.set()
        assert await asyncio.gather(*held) == [b"held", b"held"]
        assert await limits(answer, call_of("ada")) == b"ada"

    asyncio.run(use())


@pytest.mark.parametrize(
    ("connections", "most", "words"),
    [(16, 8, "8 requests of this caller"), (1, 4, "4 requests of this connection")],
)
def test_neither_a_caller_nor_a_connection_can_take_all_the_places(
    connections: int, most: int, words: str
) -> None:
    async def use() -> None:
        limits = RequestLimits(16)
        release = asyncio.Event()

        async def wait(call: Call) -> bytes:
            await release.wait()
            return b""

        # Given: a caller that opens as many calls as there are places.
        calls = [limits(wait, call_of("ada", str(n % connections))) for n in range(16)]
        tasks = [asyncio.create_task(call) for call in calls]
        await asyncio.sleep(0.01)
        # Then: some are held, the others are refused, and others find a place.
        refused = [task.exception() for task in tasks if task.done()]
        assert len(tasks) - len(refused) == most
        assert all(isinstance(error, QueueFull) for error in refused)
        assert words in str(refused[-1])
        assert await limits(answer, call_of("bob")) == b"bob"
        release.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await limits(answer, call_of("ada")) == b"ada"

    asyncio.run(use())


def test_a_request_that_takes_too_long_is_ended() -> None:
    async def use() -> None:
        limits = RequestLimits(1)
        cancelled = asyncio.Event()

        async def hang(call: Call) -> bytes:
            try:
                return await asyncio.Event().wait() and b""
            finally:
                cancelled.set()

        with pytest.raises(DeadlineExceeded, match="deadline"):
            await limits(hang, call_of("ada", left_s=0.01))
        assert cancelled.is_set()
        assert await limits(answer, call_of("ada")) == b"ada"

    asyncio.run(use())


def test_requests_under_way_hear_that_the_server_stops() -> None:
    async def use() -> None:
        limits = RequestLimits(4)

        async def hang(call: Call) -> bytes:
            return await asyncio.Event().wait() and b""

        held = [asyncio.create_task(limits(hang, call_of(one))) for one in ("ada", "bob")]
        await asyncio.sleep(0)
        limits.end_all()
        outcomes = await asyncio.gather(*held, return_exceptions=True)
        assert all(isinstance(outcome, ShuttingDown) for outcome in outcomes)
        assert "S/M had not ended" in str(outcomes[0])

    asyncio.run(use())


def test_a_timeout_of_the_work_itself_is_not_taken_for_ours() -> None:
    async def fail(call: Call) -> bytes:
        raise TimeoutError("the disk's")

    with pytest.raises(TimeoutError, match="disk"):
        asyncio.run(RequestLimits(1)(fail, call_of("ada")))
