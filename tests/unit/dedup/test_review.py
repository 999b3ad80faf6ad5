"""The review server: the page and its decisions, for whoever has the token and nobody else."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from facenet_res.core.errors import FileMissing
from facenet_res.dedup.decisions import read_decisions
from facenet_res.dedup.review import BODY_BYTES_MAX, ReviewServer
from facenet_res.dedup.run import deduplicate
from facenet_res.recognizer.recognizer import FaceRecognizer

SHA = "ab" * 32
KEEP = {"kind": "keep", "sha256": SHA}


@pytest.fixture
def server(photos: Path, tmp_path: Path, recognizer: FaceRecognizer) -> Iterator[ReviewServer]:
    deduplicate(photos, tmp_path / "out", recognizer=recognizer)
    with ReviewServer(tmp_path / "out") as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def ask(
    server: ReviewServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, fields)
    answer = connection.getresponse()
    found = answer.status, answer.read(), dict(answer.getheaders())
    connection.close()
    return found


def cookie(server: ReviewServer) -> str:
    return f"facenet-res-review={server.served.token}"


def trusted(server: ReviewServer) -> dict[str, str]:
    origin = f"http://127.0.0.1:{server.server_port}"
    return {"Cookie": cookie(server), "Origin": origin, "Content_Type": "application/json"}


def test_the_printed_address_leads_to_the_page_and_its_files(server: ReviewServer) -> None:
    status, _, headers = ask(server, "GET", server.url.partition(str(server.server_port))[2])
    assert (status, headers["Location"]) == (303, "/")
    assert "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
    status, page, headers = ask(server, "GET", "/", Cookie=cookie(server))
    assert status == 200
    assert b"report_files/page.js" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    _, data, _ = ask(server, "GET", "/report_files/index.js", Cookie=cookie(server))
    report = json.loads(data.removeprefix(b"window.DEDUP_REPORT=").rstrip(b";\n"))
    image = report["copies"][0]["members"][0]["sha256"]
    status, jpeg, _ = ask(server, "GET", f"/report_files/images/{image}.jpg", Cookie=cookie(server))
    assert (status, jpeg[:2]) == (200, b"\xff\xd8")


def test_a_decision_is_on_the_disk_when_it_is_answered(
    server: ReviewServer, tmp_path: Path
) -> None:
    body = json.dumps(KEEP).encode()
    status, answer, _ = ask(server, "POST", "/decisions", body, **trusted(server))
    assert (status, json.loads(answer)) == (200, {"number": 0})
    assert read_decisions(tmp_path / "out").keep == {SHA: 0}
    _, answer, _ = ask(server, "GET", "/decisions", Cookie=cookie(server))
    assert json.loads(answer) == {"lines": [KEEP]}


@pytest.mark.parametrize("path", ["/", "/decisions", "/report_files/index.js", "/?token=x"])
def test_without_the_token_nothing_is_told(server: ReviewServer, path: str) -> None:
    for headers in ({}, {"Cookie": "facenet-res-review=x"}):
        assert ask(server, "GET", path, **headers)[0] == 403


@pytest.mark.parametrize(
    "path", ["/report_files/../decisions.jsonl", "/report_files/%2e%2e/scan.jsonl", "/scan.jsonl"]
)
def test_other_files_are_not_served(server: ReviewServer, path: str) -> None:
    assert ask(server, "GET", path, Cookie=cookie(server))[0] == 404


def test_another_host_name_is_refused(server: ReviewServer) -> None:
    assert ask(server, "GET", "/", Cookie=cookie(server), Host="evil.example")[0] == 421


@pytest.mark.parametrize(
    "changed", [{"Origin": "http://evil.example"}, {"Cookie": ""}, {"Content_Type": "text/plain"}]
)
def test_decisions_of_other_pages_are_refused(
    server: ReviewServer, changed: dict[str, str], tmp_path: Path
) -> None:
    body = json.dumps(KEEP).encode()
    assert ask(server, "POST", "/decisions", body, **trusted(server) | changed)[0] == 403
    assert not read_decisions(tmp_path / "out").keep


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"kind": "keep"}', 400), (b"x" * (BODY_BYTES_MAX + 1), 413)],
)
def test_a_bad_decision_is_refused_with_its_reason(
    server: ReviewServer, body: bytes, status: int
) -> None:
    found, answer, _ = ask(server, "POST", "/decisions", body, **trusted(server))
    assert found == status
    assert json.loads(answer)["error"]


def test_a_folder_without_a_report_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="holds no report"):
        ReviewServer(tmp_path)
