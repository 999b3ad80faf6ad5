"""Over a real server on loopback: whole, resumed, broken off, wrong, absent."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from facenet_res.convert.fetch import CHUNK_BYTES, fetch
from facenet_res.convert.published import Published
from facenet_res.core.errors import ArtifactInvalid, FileMissing, ServerUnreachable

BODY = np.random.default_rng(0).bytes(3 * CHUNK_BYTES + 1000)


class Shelf:
    """What the server does: `cuts` are the bytes after which it hangs up, request by request."""

    def __init__(self) -> None:
        self.body = BODY
        self.status = 0
        self.takes_ranges = True
        self.cuts: list[int] = []
        self.starts: list[int] = []
        self.address = ""

    def model(self, **changes: object) -> Published:
        values = {
            "name": "net",
            "address": f"{self.address}/net.onnx",
            "sha256": hashlib.sha256(BODY).hexdigest(),
            "bytes": len(BODY),
            "licence": "for tests",
        }
        return Published(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(shelf))
    shelf.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield shelf
    server.shutdown()
    thread.join()
    server.server_close()


def handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            shelf.starts.append(start)
            if shelf.status:
                self.send_error(shelf.status)
                return
            is_partial = bool(asked) and shelf.takes_ranges
            if is_partial and start >= len(shelf.body):
                self.send_error(416)
                return
            body = shelf.body[start:] if is_partial else shelf.body
            self.send_response(206 if is_partial else 200)
            if is_partial:
                end = len(shelf.body) - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(shelf.body)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: shelf.cuts.pop(0)] if shelf.cuts else body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def test_a_file_comes_whole_and_its_progress_is_told(shelf: Shelf, tmp_path: Path) -> None:
    told: list[int] = []

    path = fetch(shelf.model(), tmp_path / "net.onnx", told.append)

    assert path.read_bytes() == BODY
    assert told == sorted(told)
    assert told[-1] == len(BODY)
    assert list(tmp_path.iterdir()) == [path]


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [CHUNK_BYTES + 10, 500]

    path = fetch(shelf.model(), tmp_path / "net.onnx")

    assert path.read_bytes() == BODY
    assert shelf.starts == [0, CHUNK_BYTES + 10, CHUNK_BYTES + 510]


def test_the_next_call_goes_on_from_what_an_earlier_one_kept(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [CHUNK_BYTES, 0, 0, 0, 0]
    with pytest.raises(ServerUnreachable, match=rf"{CHUNK_BYTES} bytes into {len(BODY)}.*goes on"):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()
    shelf.starts.clear()

    fetch(shelf.model(), tmp_path / "net.onnx")

    assert shelf.starts == [CHUNK_BYTES]
    assert (tmp_path / "net.onnx").read_bytes() == BODY


@pytest.mark.parametrize("cuts", [[1000], [1000, 2000, 1500, 1500, 1500]])
def test_a_server_without_ranges_starts_again(
    shelf: Shelf, tmp_path: Path, cuts: list[int]
) -> None:
    shelf.takes_ranges = False
    shelf.cuts = cuts
    assert fetch(shelf.model(), tmp_path / "net.onnx").read_bytes() == BODY


def test_a_server_without_ranges_that_never_ends_is_given_up(shelf: Shelf, tmp_path: Path) -> None:
    shelf.takes_ranges = False
    shelf.cuts = [1000] * 50
    with pytest.raises(ServerUnreachable, match="broke off 1000 bytes"):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert len(shelf.starts) < 10


def test_a_wrong_file_is_refused_and_not_kept(shelf: Shelf, tmp_path: Path) -> None:
    shelf.body = BODY[:-1] + b"?"
    with pytest.raises(ArtifactInvalid, match="the catalogue says"):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_longer_file_is_cut_short_and_not_kept(shelf: Shelf, tmp_path: Path) -> None:
    shelf.body = BODY + b"more"
    with pytest.raises(ArtifactInvalid, match=f"more than the {len(BODY)} bytes"):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_rest_that_is_longer_than_the_file_is_thrown_away(shelf: Shelf, tmp_path: Path) -> None:
    model = shelf.model()
    (tmp_path / f".net.onnx-{model.sha256[:12]}.part").write_bytes(BODY + b"more")
    assert fetch(model, tmp_path / "net.onnx").read_bytes() == BODY


def test_a_shorter_file_ends_in_an_error_not_in_a_loop(shelf: Shelf, tmp_path: Path) -> None:
    shelf.body = BODY[:5000]
    with pytest.raises(ServerUnreachable):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert len(shelf.starts) < 20


@pytest.mark.parametrize("status", [404, 410])
def test_nothing_at_the_address_is_said(shelf: Shelf, tmp_path: Path, status: int) -> None:
    shelf.status = status
    with pytest.raises(FileMissing, match=rf"nothing lies at http.*\(status {status}\)"):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_server_is_asked_a_few_times(shelf: Shelf, tmp_path: Path) -> None:
    shelf.status = 503
    with pytest.raises(ServerUnreachable, match="status 503"):
        fetch(shelf.model(), tmp_path / "net.onnx")
    assert 1 < len(shelf.starts) < 10


def test_no_server_is_said_at_once(tmp_path: Path, unused_port: Callable[[], int]) -> None:
    model = Shelf().model(address=f"http://127.0.0.1:{unused_port()}/net.onnx")
    with pytest.raises(ServerUnreachable, match="cannot reach"):
        fetch(model, tmp_path / "net.onnx")


def test_a_folder_that_is_absent_is_said_before_anything_is_fetched(
    shelf: Shelf, tmp_path: Path
) -> None:
    with pytest.raises(FileMissing, match="absent"):
        fetch(shelf.model(), tmp_path / "absent" / "net.onnx")
    assert shelf.starts == []


@pytest.fixture
def unused_port() -> Callable[[], int]:
    import socket

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find
