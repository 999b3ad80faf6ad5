"""The members of a tar by position, past corrupt headers too.

Python's `tarfile` keeps an object for each member and stops at the first corrupt header; a set of
millions has one and must not lose the rest.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from facenet_res.data.records import Fault
from facenet_res.data.shards import OpenFiles

_BLOCK: Final = tarfile.BLOCKSIZE
_EXTENSION_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a tar.

    Attributes:
        name: with its folders, "/" between them.
        position: of its first byte in the tar.
        size: in bytes.
    """

    name: str
    position: int
    size: int


class _Header(NamedTuple):
    """What is wanted of a header: name, bytes behind it, tar's letter for the kind."""

    name: str
    size: int
    kind: bytes


def members(files: OpenFiles, file: int, faults: list[Fault]) -> Iterator[Member]:
    """The plain files of a tar, in order.

    Args:
        files: open.
        file: which of them.
        faults: gets unreadable headers; the walk goes on behind them.
    """
    where, end = files.paths[file].name, files.sizes[file]
    position, is_lost = 0, False
    extended: dict[str, str] = {}
    while position + _BLOCK <= end:
        block = files.read(file, position, _BLOCK)
        try:
            info = _plain(block) or _any(block)
        except tarfile.TarError:
            # Zeros end a tar, and stand between two that were joined.
            if any(block) and not is_lost:
                is_lost = True
                faults.append(Fault(f"{where} at byte {position}", "no tar header; searching on"))
            position += _BLOCK
            continue
        is_lost = False
        name, size = extended.get("path", info.name), info.size
        if extended.get("size", "").isdecimal():
            size = int(extended["size"])
        start = position + _BLOCK
        if start + size > end:
            faults.append(Fault(f"{where}/{name}", f"truncated: {end - start} of {size} bytes"))
            return
        position = start + -(-size // _BLOCK) * _BLOCK
        if info.kind in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            body = files.read(file, start, min(size, _EXTENSION_BYTES_MAX))
            extended |= _extension(info.kind, body)
            continue
        extended = {}
        if info.kind in tarfile.REGULAR_TYPES:
            yield Member(name, start, size)


def _plain(block: bytes) -> _Header | None:
    """A plain file's header, read in a tenth of `tarfile`'s time; None for whatever is special."""
    is_special = block[156:157] != tarfile.REGTYPE or block[345] or block[124] & 0x80
    if is_special:
        return None
    try:
        checksum = int(block[148:156].strip(b" \0"), 8)
        size = int(block[124:136].strip(b" \0"), 8)
    except ValueError:
        return None
    if checksum != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        return None
    name = block[:100].partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return _Header(name, size, tarfile.REGTYPE)


def _any(block: bytes) -> _Header:
    """Any header; raises `tarfile.TarError` where there is none."""
    info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    return _Header(info.name, info.size, info.type)


def _extension(kind: bytes, body: bytes) -> dict[str, str]:
    """What an extended header says of the member behind it: "path", "size" and others."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": body.rstrip(b"\x00").decode("utf-8", "surrogateescape")}
    found: dict[str, str] = {}
    while body:
        digits, _, rest = body.partition(b" ")
        if not digits.isdigit() or not 0 < int(digits) - len(digits) - 1 <= len(rest):
            break
        length = int(digits)
        record = body[len(digits) + 1 : length].rstrip(b"\n").decode("utf-8", "surrogateescape")
        key, _, value = record.partition("=")
        found[key] = value
        body = body[length:]
    return found
