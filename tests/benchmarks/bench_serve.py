"""What the server adds to a request, and what many clients get of the machine together.

Sketch first. One request decodes, detects and embeds; the wire adds a copy of 100 kB and two
context switches, well under a millisecond. So one client's time should be within 15 % of the
same steps called directly, and 16 clients should keep all cores busy: as many photographs a
second as the cores can detect in.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from facenet_res.client import FacenetClient
from facenet_res.pipeline.open import PipelineConfig, open_pipeline
from tests.artifacts import write_random_artifact
from tests.benchmarks import bench
from tests.serving import ServerProcess, portraits

CLIENTS = 16

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random", width=0.5).folder


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with ServerProcess(folder, model, "--log-level", "warning") as server:
        yield server.address


@pytest.mark.bench
def test_one_client_against_the_same_steps_called_directly(
    address: str, model: Path, record_property: Record
) -> None:
    photo = portraits()[0]
    pipeline = open_pipeline(PipelineConfig(artifact_dir=model))
    with FacenetClient(address) as client:
        rounds = bench.interleaved(
            {"served": lambda: client.embed(photo), "direct": lambda: pipeline.embed(photo)},
            rounds=bench.size(smoke=2, full=100),
        )
    record_property("served_ms", rounds.median_ms("served"))
    record_property("direct_ms", rounds.median_ms("direct"))
    record_property("served_over_direct", str(rounds.ratio("served", "direct")))


@pytest.mark.bench
def test_photographs_per_second_of_16_clients(address: str, record_property: Record) -> None:
    photo = portraits()[0]
    photos_each = bench.size(smoke=1, full=50)

    def ask(_: int) -> None:
        with FacenetClient(address) as client:
            for _ in range(photos_each):
                client.embed(photo)

    def ask_all() -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(ask, range(CLIENTS)))

    took_ms = bench.best_ms(ask_all, repeats=1)
    record_property("photographs_per_s", 1e3 * CLIENTS * photos_each / took_ms)
    with FacenetClient(address) as client:
        record_property("batch_size_max", client.info().batcher.batch_size_max)
