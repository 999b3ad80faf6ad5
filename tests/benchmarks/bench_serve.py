"""What the server adds to a request, and what many clients get of the machine together.

Sketch first. gRPC and asyncio cost a core about a millisecond a request on both ends together, the
batcher some tens of microseconds. A face of IResNet-50 costs the cores 80 ms or more, so 64 clients
should get over 90 % of what the engine does alone. A face of the default model costs them 4 ms:
there a fifth or more of the machine's time goes to gRPC, and 90 % cannot be reached with requests
of one face each. One client waits for one thing after another; thread switches add a few hundred
microseconds to its stages, so that its time is within 15 % of their sum.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from experiments.request.profile import profile_request
from facenet_res.client import AsyncFacenetClient, FacenetClient
from facenet_res.core.artifact import default_artifact_dir
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.inference.open import open_embedder
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.artifacts import smooth_faces, write_random_artifact
from tests.benchmarks import bench
from tests.portraits import portrait
from tests.serving import ServerProcess, portraits

CLIENTS = bench.size(smoke=8, full=64)
BATCH = bench.size(smoke=4, full=32)
ROUNDS = bench.size(smoke=1, full=5)

Record = Callable[[str, object], None]
Ask = Callable[[AsyncFacenetClient, int], object]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random", width=0.5).folder


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with ServerProcess(folder, model, "--log-level", "warning") as server:
        yield server.address


class Crowd:
    """Many clients, each with a connection of its own, that ask again as soon as they are told."""

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._address = address
        self._clients = [self._loop.run_until_complete(self._client()) for _ in range(CLIENTS)]

    def ask(self, times_each: int, ask: Ask) -> None:
        """Has every client ask so many times."""

        async def one(client: AsyncFacenetClient, number: int) -> None:
            for _ in range(times_each):
                await ask(client, number)  # type: ignore[misc]

        async def all_of_them() -> None:
            await asyncio.gather(*(one(each, n) for n, each in enumerate(self._clients)))

        self._loop.run_until_complete(all_of_them())

    def close(self) -> None:
        """Ends all connections."""
        for client in self._clients:
            self._loop.run_until_complete(client.close())
        self._loop.close()

    async def _client(self) -> AsyncFacenetClient:
        return AsyncFacenetClient(self._address, deadline_s=600)


@pytest.mark.bench
@pytest.mark.parametrize("network", ["iresnet50", "default"])
def test_64_clients_against_the_engine_alone(
    network: str, tmp_path: Path, record_property: Record
) -> None:
    full = {"depth": 50, "width": 1.0, "stem": "full", "embedding_dim": 512}
    if network == "default":
        folder, times_each = default_artifact_dir(), bench.size(smoke=1, full=30)
    else:
        shape = full if bench.is_full() else {}
        folder, times_each = write_random_artifact(tmp_path / "model", **shape).folder, 1
    faces = smooth_faces(CLIENTS, seed=0)
    with (
        open_embedder(folder) as embedder,
        ServerProcess(tmp_path, folder, "--log-level", "warning") as server,
    ):
        crowd = Crowd(server.address)

        def alone() -> None:
            for _ in range(CLIENTS * times_each // BATCH):
                embedder.embed(faces[:BATCH])

        rounds = bench.interleaved(
            {
                "alone": alone,
                "served": lambda: crowd.ask(
                    times_each, lambda client, number: client.embed_aligned(faces[number][None])
                ),
            },
            rounds=ROUNDS,
        )
        crowd.close()
        with FacenetClient(server.address) as client:
            counts = client.info().batcher
    count = CLIENTS * times_each
    record_property("alone_faces_per_s", 1e3 * count / rounds.median_ms("alone"))
    record_property("served_faces_per_s", 1e3 * count / rounds.median_ms("served"))
    record_property("served_share_of_alone", str(rounds.ratio("alone", "served")))
    record_property("faces_per_call", counts.faces / counts.batches)
    # One round is not counted.
    assert counts.faces == count * (1 + ROUNDS)


@pytest.mark.bench
def test_64_clients_with_photographs_against_the_same_in_one_process(
    address: str, model: Path, tmp_path: Path, record_property: Record
) -> None:
    photo = photograph()
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo)
    times_each = bench.size(smoke=1, full=3)
    recognizer = FaceRecognizer(model)
    crowd = Crowd(address)
    rounds = bench.interleaved(
        {
            "files": lambda: list(recognizer.embed_many([path] * (CLIENTS * times_each))),
            "served": lambda: crowd.ask(times_each, lambda client, _: client.embed(photo)),
        },
        rounds=ROUNDS,
    )
    crowd.close()
    count = CLIENTS * times_each
    record_property("files_per_s", 1e3 * count / rounds.median_ms("files"))
    record_property("photographs_per_s", 1e3 * count / rounds.median_ms("served"))
    record_property("served_share_of_files", str(rounds.ratio("files", "served")))


@pytest.mark.bench
def test_one_client_against_the_sum_of_its_stages(tmp_path: Path, record_property: Record) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photograph())
    profile = profile_request(
        photo,
        people=bench.size(smoke=10, full=10_000),
        rounds=bench.size(smoke=1, full=100),
    )
    for stage in profile.stages:
        record_property(f"{stage.name}_ms", stage.ms)
    record_property("sum_ms", profile.sum_ms)
    record_property("whole_ms", profile.whole_ms)
    record_property("whole_over_sum", profile.whole_ms / profile.sum_ms)


def photograph() -> bytes:
    """A portrait; for a smoke pass only its middle, which is searched quickly."""
    if bench.is_full():
        return portraits()[0]
    return encode_jpeg(np.ascontiguousarray(portrait("astronaut")[:256, 96:352]))
