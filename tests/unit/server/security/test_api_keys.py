"""API keys: shown once, kept as hashes, revoked for good."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid, FileMissing
from facenet_res.server.security.api_keys import create_key, find_key, read_keys, revoke_key


def test_a_key_is_found_until_it_is_revoked(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = create_key(path, "kiosk", ["gallery.identify"])
    second = create_key(path, "batch", ["*"])
    keys = read_keys(path)
    found = find_key(keys, first)
    assert found is not None
    assert (found.name, found.scopes) == ("kiosk", ("gallery.identify",))
    assert revoke_key(path, found.key_id).revoked_unix_s > 0
    assert find_key(read_keys(path), first) is None
    assert find_key(read_keys(path), second) is not None


def test_the_file_holds_no_key_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    secret = create_key(path, "kiosk", ["*"]).rpartition("_")[2]
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "wrong", ["", "fr", "fr_", "fr__", "fr_x_y", "{id}", "fr_{id}_", "sk_{id}_x"]
)
def test_anything_else_is_no_key(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "keys.json"
    key = create_key(path, "kiosk", ["*"])
    keys = read_keys(path)
    assert find_key(keys, wrong.format(id=key.split("_")[1])) is None
    assert find_key(keys, key[:-1]) is None
    assert find_key(keys, key + "0") is None


def test_what_cannot_be_done_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(ArgumentInvalid, match=r"gallery\.wrong"):
        create_key(path, "kiosk", ["gallery.wrong"])
    with pytest.raises(ArgumentInvalid, match="no scope"):
        create_key(path, "kiosk", [])
    with pytest.raises(FileMissing):
        read_keys(path)
    create_key(path, "kiosk", ["gallery.read:staff"])
    with pytest.raises(ArgumentInvalid, match="no key 'other'"):
        revoke_key(path, "other")
    path.write_text("{")
    with pytest.raises(ConfigInvalid):
        read_keys(path)
