"""Starting the server: what it refuses, and what it does not load."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.artifacts import write_random_artifact
from tests.serving import ROOT, ServerProcess, run_server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random").folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), model) as process:
        yield process


def test_a_server_that_cannot_start_says_why_in_one_sentence(
    server: ServerProcess, tmp_path: Path, model: Path
) -> None:
    gallery, other = str(tmp_path / "gallery"), tmp_path / "other"
    taken = str(server.log.parent / "gallery")
    flags = ("--address", "127.0.0.1:0", "--model", str(model))
    write_random_artifact(other, seed=1)
    refused = {
        "port in use": run_server(
            "--gallery", gallery, "--create", "--model", str(model), "--address", server.address
        ),
        "gallery locked": run_server("--gallery", taken, *flags),
        "no gallery": run_server("--gallery", gallery, *flags),
        "no model": run_server("--gallery", gallery, "--model", str(tmp_path / "none")),
        "no host": run_server("--gallery", gallery, "--address", "127.0.0.1"),
    }
    codes = {why: process.returncode for why, process in refused.items()}
    assert codes == {
        "port in use": 4,
        "gallery locked": 4,
        "no gallery": 2,
        "no model": 2,
        "no host": 2,
    }
    for process in refused.values():
        assert process.stdout == ""
        assert process.stderr.startswith("server: ")
        assert process.stderr.count("\n") == 1


def test_another_models_gallery_is_refused(tmp_path: Path, model: Path) -> None:
    with ServerProcess(tmp_path, model) as process:
        assert process.stop() == 0
    other = write_random_artifact(tmp_path / "other", seed=1).folder
    refused = run_server(
        *("--gallery", str(tmp_path / "gallery"), "--model", str(other)),
        *("--address", "127.0.0.1:0"),
    )
    assert refused.returncode == 3
    assert "random-1-" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_serving_by_openvino_loads_no_training_framework(tmp_path: Path, model: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from facenet_res.server.app import open_app
from facenet_res.server.config import ServerConfig

async def build():
    config = ServerConfig(
        gallery={str(tmp_path / "gallery")!r}, create=True, model=Path({str(model)!r}),
        address="127.0.0.1:0",
    )
    async with open_app(config):
        heavy = {{"tensorflow", "keras", "torch", "jax", "onnxruntime", "matplotlib"}}
        print(sorted(heavy & set(sys.modules)))

asyncio.run(build())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def wait_for_handler(process: subprocess.Popen[str]) -> None:
    """Returns when the process catches SIGTERM."""
    status, end_s = Path(f"/proc/{process.pid}/status"), time.monotonic() + 30
    while time.monotonic() < end_s:
        caught = next(line for line in status.read_text().splitlines() if "SigCgt" in line)
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)
    pytest.fail("the server never caught SIGTERM")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux' /proc")
@pytest.mark.parametrize("delay_s", [0, 0.3])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_server_starts_ends_it_cleanly(
    tmp_path: Path, model: Path, number: signal.Signals, delay_s: float
) -> None:
    flags = ("--gallery", str(tmp_path / "gallery"), "--create", "--model", str(model))
    process = subprocess.Popen(
        [sys.executable, "-m", "server", *flags, "--address", "127.0.0.1:0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_handler(process)
    time.sleep(delay_s)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert err == f"server: stopped by {number.name} before it was ready\n"


def test_nothing_heavy_is_loaded_before_signals_are_caught_and_opencv_is_silenced() -> None:
    program = (
        "import os, sys, server.__main__\n"
        "assert not {'cv2', 'grpc', 'numpy'} & set(sys.modules)\n"
        "sys.argv = ['server', '--address', 'nowhere']\n"
        "assert server.__main__.main() == 2\n"
        "print('cv2' in sys.modules, os.environ['OPENCV_LOG_LEVEL'])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OPENCV_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "True ERROR\n", done.stderr


def test_check_says_whether_the_settings_can_be_served(tmp_path: Path, model: Path) -> None:
    flags = ("--check", "--model", str(model), "--address", "127.0.0.1:0")
    fine = run_server(*flags, XDG_DATA_HOME=str(tmp_path))
    assert (fine.returncode, fine.stderr) == (0, "")
    assert "fine" in fine.stdout
    wrong = run_server(*flags, "--api-keys", str(tmp_path / "none.json"))
    assert wrong.returncode == 2
    assert "none.json" in wrong.stderr
    assert list(tmp_path.iterdir()) == []
