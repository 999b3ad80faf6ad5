"""Too many at once, too long."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from facenet_res.core.errors import DeadlineExceeded, QueueFull, ShuttingDown
from facenet_res.server.interceptors.limits import RequestLimits


@dataclass(frozen=True)
class Connection:
    """As much of a call's context as the limits ask for."""

    name: str

    def peer(self) -> str:
        return self.name

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()


ADA: Any = Connection("ada")
BOB: Any = Connection("bob")


async def answer(request: str, context: object) -> str:
    return request


def test_one_request_too_many_is_refused_and_the_next_is_not() -> None:
    async def use() -> None:
        limits = RequestLimits(2, 10)
        release = asyncio.Event()

        async def wait(request: str, context: object) -> str:
            await release.wait()
            return request

        held = [asyncio.create_task(limits("S/M", wait, "held", one)) for one in (ADA, BOB)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull, match="limit is 2"):
            await limits("S/M", answer, "third", ADA)
        release.set()
        assert await asyncio.gather(*held) == ["held", "held"]
        assert await limits("S/M", answer, "later", ADA) == "later"

    asyncio.run(use())


def test_one_client_cannot_take_all_the_places() -> None:
    async def use() -> None:
        limits = RequestLimits(4, 10)
        release = asyncio.Event()

        async def wait(request: str, context: object) -> None:
            await release.wait()

        # Given: a client that has half of the places.
        held = [asyncio.create_task(limits("S/M", wait, "held", ADA)) for _ in range(2)]
        await asyncio.sleep(0)
        # Then: it gets no third, and another client finds one.
        with pytest.raises(QueueFull, match="2 requests of this caller"):
            await limits("S/M", answer, "third", ADA)
        assert await limits("S/M", answer, "first", BOB) == "first"
        release.set()
        await asyncio.gather(*held)
        assert await limits("S/M", answer, "later", ADA) == "later"

    asyncio.run(use())


def test_a_request_that_takes_too_long_is_ended() -> None:
    async def use() -> None:
        limits = RequestLimits(1, 0.01)
        cancelled = asyncio.Event()

        async def hang(request: str, context: object) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        with pytest.raises(DeadlineExceeded, match=r"0\.01 s"):
            await limits("S/M", hang, "", ADA)
        assert cancelled.is_set()
        assert await limits("S/M", answer, "next", ADA) == "next"

    asyncio.run(use())


def test_requests_under_way_hear_that_the_server_stops() -> None:
    async def use() -> None:
        limits = RequestLimits(4, 10)

        async def hang(request: str, context: object) -> None:
            await asyncio.Event().wait()

        held = [asyncio.create_task(limits("S/M", hang, "held", one)) for one in (ADA, BOB)]
        await asyncio.sleep(0)
        limits.end_all()
        outcomes = await asyncio.gather(*held, return_exceptions=True)
        assert all(isinstance(outcome, ShuttingDown) for outcome in outcomes)
        assert "S/M had not ended" in str(outcomes[0])

    asyncio.run(use())


def test_a_timeout_of_the_work_itself_is_not_taken_for_ours() -> None:
    async def fail(request: str, context: object) -> None:
        raise TimeoutError("the disk's")

    with pytest.raises(TimeoutError, match="disk"):
        asyncio.run(RequestLimits(1, 10)("S/M", fail, "", ADA))
