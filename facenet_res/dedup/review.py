"""Serves a report on the loopback interface, with decisions that are saved at once.

One token, made at each start, is in the address that is printed; the page trades it for a cookie.
Nothing else is answered: not another host name (DNS rebinding), not a page of another origin, not
a path outside the report's own files.
"""

import hmac
import json
import re
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from facenet_res.core.errors import FacenetError, FileMissing, InputError
from facenet_res.dedup.decisions import append_decision, decision_lines
from facenet_res.dedup.page import FILES_NAME, PAGE_NAME

BODY_BYTES_MAX: Final = 1_000_000
HOST: Final = "127.0.0.1"
_COOKIE: Final = "facenet-res-review"
_NAMES: Final = re.compile(
    r"page\.css|page\.js|index\.js|images/[0-9a-f]{64}\.jpg|faces/[0-9a-f]{64}-[0-9]{1,4}\.jpg"
)
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".jpg": "image/jpeg"}
_POLICY: Final = (
    "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class _Served:
    out: Path
    token: str
    hosts: tuple[str, ...]


class ReviewServer(ThreadingHTTPServer):
    """A server of one report. Use `with`, then `serve_forever`, and `shutdown` to end it."""

    daemon_threads = True

    def __init__(self, out: Path, port: int = 0) -> None:
        """Binds the port; 0 takes a free one.

        Raises:
            FileMissing: there is no report in the folder.
            OSError: the port is taken.
        """
        if not (out / PAGE_NAME).is_file() or not (out / FILES_NAME / "index.js").is_file():
            raise FileMissing(f"{out} holds no report: run facenet-res dedup DIR --out {out} first")
        super().__init__((HOST, port), _Handler)
        names = (f"{HOST}:{self.server_port}", f"localhost:{self.server_port}")
        self.served = _Served(out, secrets.token_urlsafe(24), names)

    @property
    def url(self) -> str:
        """The address to open, with the token."""
        return f"http://{self.served.hosts[0]}/?token={self.served.token}"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version = "facenet-res"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answers the page, its files and the decisions."""
        if not self._is_for_us():
            return
        parts = urlsplit(self.path)
        served = self.server.served
        given = parse_qs(parts.query).get("token", [""])[0]
        if (
            parts.path == "/"
            and given
            and hmac.compare_digest(given.encode(), served.token.encode())
        ):
            cookie = f"{_COOKIE}={served.token}; HttpOnly; SameSite=Strict; Path=/"
            self._send(
                HTTPStatus.SEE_OTHER, b"", "text/plain", Location="/", **{"Set-Cookie": cookie}
            )
        elif not self._has_cookie():
            self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
        elif parts.path == "/":
            self._send_file(served.out / PAGE_NAME, "text/html; charset=utf-8")
        elif parts.path == "/decisions":
            self._send_json(HTTPStatus.OK, {"lines": decision_lines(served.out)})
        else:
            name = parts.path.removeprefix(f"/{FILES_NAME}/")
            if _NAMES.fullmatch(name) is None:
                self._refuse(HTTPStatus.NOT_FOUND, "no such file")
            else:
                self._send_file(served.out / FILES_NAME / name, _TYPES[Path(name).suffix])

    def do_POST(self) -> None:
        """Adds a decision."""
        if not self._is_for_us():
            return
        origin = self.headers.get("Origin", "")
        is_ours = origin.removeprefix("http://") in self.server.served.hosts
        is_json = self.headers.get_content_type() == "application/json"
        length = self.headers.get("Content-Length", "")
        if not self._has_cookie() or not is_ours or not is_json:
            self._refuse(HTTPStatus.FORBIDDEN, "decisions come from the page itself")
        elif self.path != "/decisions":
            self._refuse(HTTPStatus.NOT_FOUND, "no such path")
        elif not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"limit is {BODY_BYTES_MAX} bytes")
        else:
            self._decide(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: paths of images are personal data."""

    def _decide(self, body: bytes) -> None:
        try:
            number = append_decision(self.server.served.out, json.loads(body))
        except (ValueError, InputError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except FacenetError as error:
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, str(error))
        else:
            self._send_json(HTTPStatus.OK, {"number": number})

    def _is_for_us(self) -> bool:
        """Whether the request names this host: another name may be a page that was rebound."""
        if self.headers.get("Host", "") in self.server.served.hosts:
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this server answers on the loopback only")
        return False

    def _has_cookie(self) -> bool:
        wanted = f"{_COOKIE}={self.server.served.token}".encode()
        given = (part.strip().encode() for part in self.headers.get("Cookie", "").split(";"))
        return any(hmac.compare_digest(each, wanted) for each in given)

    def _send_file(self, path: Path, kind: str) -> None:
        try:
            data = path.read_bytes()
        except OSError:
            self._refuse(HTTPStatus.NOT_FOUND, "no such file")
            return
        self._send(HTTPStatus.OK, data, kind)

    def _send_json(self, status: HTTPStatus, value: object) -> None:
        self._send(status, json.dumps(value).encode("ascii"), "application/json")

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self.close_connection = True
        self._send_json(status, {"error": message})

    def _send(self, status: HTTPStatus, data: bytes, kind: str, **headers: str) -> None:
        fixed = {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        self.send_response(status)
        for name, value in (fixed | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
