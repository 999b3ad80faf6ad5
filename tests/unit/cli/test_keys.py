"""The command that makes and revokes API keys."""

import json
from pathlib import Path

import pytest

from facenet_res.cli.commands import main


def test_a_key_is_created_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ["--file", str(tmp_path / "keys.json")]
    assert main(["keys", "create", "kiosk", "--scope", "gallery.read:staff", *file]) == 0
    key = capsys.readouterr().out.strip()
    assert main(["keys", "list", "--json", *file]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert key.split("_")[1] == row["id"]
    assert (row["name"], row["scopes"], row["revoked"]) == ("kiosk", ["gallery.read:staff"], "")
    assert main(["keys", "revoke", row["id"], *file]) == 0
    assert main(["keys", "list", *file]) == 0
    assert key.rpartition("_")[2] not in capsys.readouterr().out


def test_an_unknown_scope_or_key_is_refused(tmp_path: Path) -> None:
    file = ["--file", str(tmp_path / "keys.json")]
    assert main(["keys", "create", "kiosk", "--scope", "everything", *file]) == 2
    assert main(["keys", "create", "kiosk", *file]) == 2
    assert main(["keys", "create", "kiosk", "--scope", "*", *file]) == 0
    assert main(["keys", "revoke", "none", *file]) == 2
