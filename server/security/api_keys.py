"""API keys: a file of hashes, scopes and dates; the keys themselves are shown once.

A key is `fr_ID_SECRET`. The secret has 256 random bits, so that a plain SHA-256 cannot be turned
back by trying; the file can be read without learning a key.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid, FileMissing, NotWritable
from facenet_res.server.security.scopes import check_scopes

PREFIX: Final = "fr"
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is stored.

    Attributes:
        key_id: the part of the key that names it.
        sha256: of the secret, in hexadecimal digits.
        name: for people to read.
        scopes: what it allows.
        created_unix_s: when it was made.
        revoked_unix_s: when it was revoked; 0 while it is valid.
    """

    key_id: str
    sha256: str
    name: str
    scopes: tuple[str, ...]
    created_unix_s: float
    revoked_unix_s: float = 0.0


Keys = dict[str, ApiKey]


def parse_keys(data: bytes) -> Keys:
    """The keys of a file, by id.

    Raises:
        ConfigInvalid: the file is damaged.
    """
    try:
        return {key.key_id: key for key in msgspec.json.decode(data, type=list[ApiKey])}
    except msgspec.DecodeError as error:
        raise ConfigInvalid(f"the file of API keys is damaged: {error}") from error


def find_key(keys: Keys, presented: str) -> ApiKey | None:
    """The valid key that was presented; None where there is none."""
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    # The same work for an unknown id: its existence does not show in the time.
    key = keys.get(key_id)
    expected = key.sha256 if key else "0" * 64
    is_right = hmac.compare_digest(_hash(secret), expected)
    if prefix != PREFIX or key is None or not is_right or key.revoked_unix_s:
        return None
    return key


def create_key(path: Path, name: str, scopes: Collection[str]) -> str:
    """Adds a key to the file, which is made where there is none; the key, which is not kept.

    Raises:
        ArgumentInvalid: a scope is unknown.
        ConfigInvalid, NotWritable: the file.
    """
    check_scopes(scopes)
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
    key = ApiKey(
        key_id=key_id,
        sha256=_hash(secret),
        name=name,
        scopes=tuple(sorted(scopes)),
        created_unix_s=time.time(),
    )
    keys = read_keys(path) if path.exists() else {}
    _write(path, {**keys, key_id: key})
    return f"{PREFIX}_{key_id}_{secret}"


def revoke_key(path: Path, key_id: str) -> ApiKey:
    """Revokes a key; a running server takes notice within a second or two.

    Raises:
        ArgumentInvalid: the file has no such key.
        FileMissing, ConfigInvalid, NotWritable: the file.
    """
    keys = read_keys(path)
    if key_id not in keys:
        raise ArgumentInvalid(f"{path} has no key {key_id!r}")
    revoked = replace(keys[key_id], revoked_unix_s=keys[key_id].revoked_unix_s or time.time())
    _write(path, {**keys, key_id: revoked})
    return revoked


def read_keys(path: Path) -> Keys:
    """The keys of the file, by id.

    Raises:
        FileMissing, ConfigInvalid: the file.
    """
    try:
        return parse_keys(path.read_bytes())
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror}") from error


def _write(path: Path, keys: Keys) -> None:
    data = msgspec.json.format(msgspec.json.encode(list(keys.values())))
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise NotWritable(f"{path} cannot be written: {error.strerror}") from error


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
