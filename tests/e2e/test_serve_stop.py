"""A server that is stopped or killed under its callers: each hears what became of its request."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from facenet_res.client import AsyncFacenetClient, RetryPolicy
from facenet_res.core.errors import FacenetError, ServerUnreachable, ShuttingDown
from facenet_res.core.types import Face
from tests.artifacts import write_random_artifact
from tests.serving import ServerProcess, portraits

pytestmark = pytest.mark.e2e

CLIENTS = 12
Outcome = list[Face] | FacenetError


def outcomes_when(server: ServerProcess, act: Callable[[], None]) -> list[Outcome]:
    """What clients hear that all ask at once, if something happens when the first has heard."""
    photo = portraits()[0]
    once = RetryPolicy(attempts_max=1)

    async def one(client: AsyncFacenetClient) -> Outcome:
        try:
            return await client.embed(photo)
        except FacenetError as error:
            return error

    async def all_of_them() -> list[Outcome]:
        clients = [AsyncFacenetClient(server.address, retry=once) for _ in range(CLIENTS)]
        asked: list[Awaitable[Outcome]] = [asyncio.ensure_future(one(each)) for each in clients]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        act()
        heard = await asyncio.gather(*asked)
        for client in clients:
            await client.close()
        return heard

    return asyncio.run(all_of_them())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_random_artifact(tmp_path / "model", width=0.5, stem="full").folder


def test_whoever_cannot_be_served_in_the_grace_hears_that_the_server_stops(
    tmp_path: Path, model: Path
) -> None:
    with ServerProcess(tmp_path, model, "--grace-s", "0", "--workers", "1") as server:
        outcomes = outcomes_when(server, server.terminate)
        assert server.wait() == 0
    assert any(isinstance(outcome, ShuttingDown) for outcome in outcomes)
    for outcome in outcomes:
        assert isinstance(outcome, list | ShuttingDown | ServerUnreachable), outcome
        if isinstance(outcome, list):
            assert len(outcome) == 1
    assert "Traceback" not in server.log.read_text()


def test_whoever_waits_for_a_server_that_is_killed_hears_that_it_is_gone(
    tmp_path: Path, model: Path
) -> None:
    with ServerProcess(tmp_path, model, "--workers", "1") as server:
        outcomes = outcomes_when(server, server.kill)
    gone = [outcome for outcome in outcomes if isinstance(outcome, FacenetError)]
    assert gone
    for outcome in gone:
        assert isinstance(outcome, ServerUnreachable)
        assert server.address in str(outcome)
