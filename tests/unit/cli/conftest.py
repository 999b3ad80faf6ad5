"""What the tests of the command line share: a model, two portraits, and a way to run a command."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from facenet_res.cli.commands import main
from facenet_res.imaging.encode import encode_jpeg
from tests.artifacts import write_random_artifact
from tests.portraits import portrait


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `facenet-res` in this process."""

    def run_command(*words: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_command


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights; thresholds 0.5, 0.6 and 0.7."""
    return write_random_artifact(tmp_path_factory.mktemp("model") / "random").folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: a.jpg and b.jpg with a face each, both.jpg with both, none.jpg without one."""
    import numpy as np

    folder = tmp_path_factory.mktemp("photos")
    first, second = portrait("astronaut"), portrait("grace_hopper")
    (folder / "a.jpg").write_bytes(encode_jpeg(first))
    (folder / "b.jpg").write_bytes(encode_jpeg(second[:512]))
    beside = np.concatenate([first[:512, :512], second[:512, :512]], axis=1)
    (folder / "both.jpg").write_bytes(encode_jpeg(beside))
    (folder / "none.jpg").write_bytes(encode_jpeg(np.full((90, 120, 3), 128, np.uint8)))
    return folder


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text file that calls itself a photograph."""
    (tmp_path / "text.jpg").write_text("no photograph at all")
    return tmp_path / "text.jpg"


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[str]:
    """Address of an HTTP server on loopback that serves the test's folder."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass
