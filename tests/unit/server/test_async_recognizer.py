"""Requests of one loop: their faces share calls of the network."""

import asyncio
from pathlib import Path
from unittest.mock import patch

from facenet_res.client import AsyncFacenetClient
from facenet_res.core.errors import DeadlineExceeded
from facenet_res.server.smoothed import Smoothed
from tests.unit.server.in_process import picture, run


def test_simultaneous_requests_share_calls_and_keep_their_answers(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        alone = [(await client.embed(picture(seed)))[0].embedding for seed in range(3)]
        together = await asyncio.gather(*(client.embed(picture(n % 3)) for n in range(30)))
        for number, (face,) in enumerate(together):
            assert float(face.embedding @ alone[number % 3]) > 0.9999

    run(tmp_path, use)


def test_an_expectation_that_is_out_of_date_is_given_up(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        # Given: a server that expects an answer to take an hour, from answers long ago.
        with patch.object(Smoothed, "upper_s", 3600.0):
            outcomes = []
            for _ in range(60):
                try:
                    outcomes.append(len(await client.embed(picture(1))))
                except DeadlineExceeded:
                    outcomes.append(0)
        # Then: the first are refused, and it finds out that it was wrong.
        assert outcomes[0] == 0
        assert 1 in outcomes

    run(tmp_path, use)
