"""The threads: bounded, honest about errors, rid of callers who have gone."""

import asyncio
import threading

import pytest

from facenet_res.core.errors import NoFace
from server.pool import WorkerPool


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
