"""One file over HTTP, whole and verified: what broke off goes on where it stopped."""

import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facenet_res import __version__
from facenet_res.convert.published import Published
from facenet_res.core.errors import ArtifactInvalid, FileMissing, ServerUnreachable
from facenet_res.core.files import file_sha256, write_fault

ATTEMPTS_MAX = 4
TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 18
GONE = {404, 410}
RANGE_REFUSED = 416

Tell = Callable[[int], None]


def fetch(model: Published, target: Path, tell: Tell | None = None) -> Path:
    """Fetches a model's file, or the rest of it.

    What has come is kept beside the target as `.NAME-HASH.part`; the same call goes on from there.
    The target appears only once its size and SHA-256 are those of the catalogue.

    Args:
        model: what to fetch.
        target: where the file is to stand; its folder must exist.
        tell: is told the number of bytes that are there.

    Raises:
        FileMissing: nothing lies at the address, or the target's folder does not exist.
        ServerUnreachable: no answer, or the transfer broke off too often; what came is kept.
        ArtifactInvalid: the file is another than the catalogue says; nothing of it is kept.
        DiskFull, NotWritable: it could not be written.
    """
    if not target.parent.is_dir():
        raise FileMissing(f"folder {target.parent} does not exist")
    part = target.with_name(f".{target.name}-{model.sha256[:12]}.part")
    told = tell or (lambda _: None)
    try:
        _complete(model, part, told)
        _verify(model, part)
        part.replace(target)
    except urllib.error.URLError as error:
        raise ServerUnreachable(f"cannot reach {model.address}: {error.reason}") from error
    except OSError as error:
        raise write_fault(target, error) from error
    return target


def _complete(model: Published, part: Path, tell: Tell) -> None:
    """Tries again for as long as it gets further, and a few times if it does not."""
    attempts = furthest = 0
    while (before := _size(part)) != model.bytes:
        if before > model.bytes:
            part.unlink()
            continue
        fault = _transfer(model, part, tell)
        reached = _size(part)
        attempts = 0 if reached > max(before, furthest) else attempts + 1
        furthest = max(furthest, reached)
        if reached != model.bytes and attempts >= ATTEMPTS_MAX:
            raise ServerUnreachable(
                f"{model.address} broke off {reached} bytes into {model.bytes}: "
                f"{fault or 'the connection was closed'}; what came is kept, the same command goes "
                "on from there"
            )


def _transfer(model: Published, part: Path, tell: Tell) -> str:
    """One request; why it broke off, or nothing."""
    start = _size(part)
    headers = {"User-Agent": f"facenet-res/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    # The catalogue allows http and https only.
    request = urllib.request.Request(model.address, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
            if start and not _goes_on_at(reply, start):
                start = 0  # A server without ranges sends it all again.
            _write(reply, model, part, start, tell)
    except urllib.error.HTTPError as error:
        if error.code in GONE:
            raise FileMissing(f"nothing lies at {model.address} (status {error.code})") from error
        if error.code == RANGE_REFUSED:
            part.unlink(missing_ok=True)
        return f"status {error.code}"
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        return str(error) or type(error).__name__
    return ""


def _goes_on_at(reply: Any, start: int) -> bool:
    found = re.match(r"bytes (\d+)-", reply.headers.get("Content-Range", ""))
    return reply.status == 206 and found is not None and int(found[1]) == start


def _write(reply: Any, model: Published, part: Path, start: int, tell: Tell) -> None:
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        done = start
        while chunk := reply.read(CHUNK_BYTES):
            done += len(chunk)
            if done > model.bytes:
                break
            file.write(chunk)
            tell(done)
        file.flush()
        os.fsync(file.fileno())
    if done > model.bytes:
        part.unlink()
        raise ArtifactInvalid(
            f"{model.address} sends more than the {model.bytes} bytes of {model.name}: it is "
            "another file; nothing was kept"
        )


def _verify(model: Published, part: Path) -> None:
    sha256 = file_sha256(part)
    if sha256 != model.sha256:
        part.unlink()
        raise ArtifactInvalid(
            f"{model.address} has SHA-256 {sha256}, the catalogue says {model.sha256}: it is "
            "another file, or was changed on the way; nothing was kept"
        )


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
