"""The threads: bounded, honest about errors, rid of callers who have gone."""

import asyncio
import threading
import time

import pytest

from facenet_res.core.errors import DeadlineExceeded, NoFace
from facenet_res.server.pool import Turn, WorkerPool


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
            holding = asyncio.create_task(pool.run(release.wait, Turn("busy")))
            await asyncio.sleep(0)
            # Given: a client with a hundred pieces of work, before another one's single piece.
            busy = [pool.run(lambda: begun.append("busy"), Turn("busy")) for _ in range(100)]
            calm = pool.run(lambda: begun.append("calm"), Turn("calm"))
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


def test_work_that_cannot_be_answered_in_time_is_not_begun() -> None:
    begun: list[int] = []

    async def use() -> None:
        with WorkerPool("test", 1) as pool:
            late = Turn("ada", latest_s=lambda _: time.monotonic() - 0.001)
            with pytest.raises(DeadlineExceeded, match="not begun"):
                await pool.run(lambda: begun.append(1), late)
            in_time = Turn("ada", latest_s=lambda _: time.monotonic() + 60)
            await pool.run(lambda: begun.append(2), in_time)

    asyncio.run(use())
    assert begun == [2]


def test_heavy_work_leaves_a_thread_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facenet_res.server.fair_queue.HEAVY_S", 0.0)
    release = threading.Event()

    async def use() -> str:
        with WorkerPool("test", 2) as pool:
            # Given: a caller whose work is known to take long, with more of it than threads.
            await pool.run(lambda: None, Turn("heavy"))
            heavy = [asyncio.create_task(pool.run(release.wait, Turn("heavy"))) for _ in range(4)]
            await asyncio.sleep(0)
            # Then: a newcomer, of whom nothing is known, does not wait for it.
            answer = await asyncio.wait_for(pool.run(lambda: "light", Turn("light")), 10)
            release.set()
            await asyncio.gather(*heavy)
            return answer

    assert asyncio.run(use()) == "light"
