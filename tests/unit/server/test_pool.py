"""The threads: bounded, honest about errors, rid of callers who have gone."""

import asyncio
import threading

import pytest

from facenet_res.core.errors import NoFace
from facenet_res.server.pool import WorkerPool


def test_returns_what_the_work_returns_and_raises_what_it_raises() -> None:
    def fail() -> None:
        raise NoFace("none")

    async def use() -> None:
        with WorkerPool("test", 1) as pool:
            assert await pool.run(lambda: 3) == 3
            assert (await pool.run(threading.current_thread)).name.startswith("test")
            with pytest.raises(NoFace):
                await pool.run(fail)

    asyncio.run(use())


def test_work_whose_caller_has_gone_is_never_begun() -> None:
    begun = []
    release = threading.Event()

    async def use() -> None:
        with WorkerPool("test", 1) as pool:
            first = asyncio.create_task(pool.run(release.wait))
            second = asyncio.create_task(pool.run(lambda: begun.append(2)))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(0)
            release.set()
            await first

    asyncio.run(use())
    assert begun == []


def test_clients_take_turns() -> None:
    begun: list[str] = []
    release = threading.Event()

    async def use() -> None:
        with WorkerPool("test", 1) as pool:
            holding = asyncio.create_task(pool.run(release.wait, "busy"))
            await asyncio.sleep(0)
            # Given: a client with a hundred pieces of work, before another one's single piece.
            busy = [pool.run(lambda: begun.append("busy"), "busy") for _ in range(100)]
            calm = pool.run(lambda: begun.append("calm"), "calm")
            waiting = [asyncio.create_task(work) for work in (*busy, calm)]
            await asyncio.sleep(0)
            release.set()
            await asyncio.gather(holding, *waiting)

    asyncio.run(use())
    assert begun.index("calm") <= 1
    assert len(begun) == 101


def test_closing_drops_what_waits_and_tells_who_asked() -> None:
    begun: list[int] = []
    release = threading.Event()

    async def use() -> list[object]:
        pool = WorkerPool("test", 1)
        first = asyncio.create_task(pool.run(release.wait))
        second = asyncio.create_task(pool.run(lambda: begun.append(2)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(pool.close))
        await asyncio.sleep(0)
        release.set()
        await closing
        return await asyncio.gather(first, second, return_exceptions=True)

    done, dropped = asyncio.run(use())
    assert done is True
    assert isinstance(dropped, asyncio.CancelledError) == (begun == [])
