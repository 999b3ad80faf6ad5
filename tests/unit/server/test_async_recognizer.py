"""Requests of one loop: their faces share calls of the network."""

import asyncio
from pathlib import Path

from facenet_res.client import AsyncFacenetClient
from tests.unit.server.in_process import picture, run


def test_simultaneous_requests_share_calls_and_keep_their_answers(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        alone = [(await client.embed(picture(seed)))[0].embedding for seed in range(3)]
        together = await asyncio.gather(*(client.embed(picture(n % 3)) for n in range(30)))
        for number, (face,) in enumerate(together):
            assert float(face.embedding @ alone[number % 3]) > 0.9999

    run(tmp_path, use)
