"""Too many at once, too long."""

import asyncio

import pytest

from facenet_res.core.errors import DeadlineExceeded, QueueFull
from server.interceptors.limits import RequestLimits


async def answer(request: str, context: object) -> str:
    return request


def test_one_request_too_many_is_refused_and_the_next_is_not() -> None:
    async def use() -> None:
        limits = RequestLimits(2, 10)
        release = asyncio.Event()

        async def wait(request: str, context: object) -> str:
            await release.wait()
            return request

        held = [asyncio.create_task(limits("S/M", wait, "held", None)) for _ in range(2)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull, match="limit is 2"):
            await limits("S/M", answer, "third", None)  # type: ignore[arg-type]
        release.set()
        assert await asyncio.gather(*held) == ["held", "held"]
        assert await limits("S/M", answer, "later", None) == "later"  # type: ignore[arg-type]

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
            await limits("S/M", hang, "", None)  # type: ignore[arg-type]
        assert cancelled.is_set()
        assert await limits("S/M", answer, "next", None) == "next"  # type: ignore[arg-type]

    asyncio.run(use())


def test_a_timeout_of_the_work_itself_is_not_taken_for_ours() -> None:
    async def fail(request: str, context: object) -> None:
        raise TimeoutError("the disk's")

    with pytest.raises(TimeoutError, match="disk"):
        asyncio.run(RequestLimits(1, 10)("S/M", fail, "", None))  # type: ignore[arg-type]
