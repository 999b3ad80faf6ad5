"""A missing package is named with a command that installs it from here."""

import re
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from facenet_res.core import extras
from facenet_res.core.errors import EngineUnavailable

WHEEL = "file:///tmp/facenet_res-0.1.0-py3-none-any.whl"


def test_what_is_installed_passes() -> None:
    extras.require("a table", ("numpy", "json"), "train")


def test_what_is_missing_is_named_and_nothing_else() -> None:
    with pytest.raises(EngineUnavailable) as raised:
        extras.require("a table", ("numpy", "no_such_module"), "train")
    assert str(raised.value).startswith("a table needs no_such_module: pip install ")


def test_a_checkout_is_installed_from_where_it_lies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert extras.install_command("onnx") == f"pip install -e '{extras.ROOT}[onnx]'"
    monkeypatch.chdir(extras.ROOT)
    assert extras.install_command("onnx") == "pip install -e '.[onnx]'"


@pytest.mark.parametrize(
    ("recorded", "origin"), [(f'{{"url": "{WHEEL}"}}', WHEEL), (None, "URL-OF-THE-WHEEL")]
)
def test_an_installed_wheel_is_installed_from_where_it_came(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recorded: str | None, origin: str
) -> None:
    monkeypatch.setattr(extras, "ROOT", tmp_path)
    found = SimpleNamespace(read_text=lambda _: recorded)
    monkeypatch.setattr(extras, "distribution", lambda _: found)
    assert extras.install_command("onnx") == f"pip install 'facenet-res[onnx] @ {origin}'"


def test_a_copy_that_was_never_installed_has_no_origin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(extras, "ROOT", tmp_path)
    monkeypatch.setattr(extras, "distribution", absent)
    assert extras.install_command("onnx").endswith(" @ URL-OF-THE-WHEEL'")


def test_no_message_spells_the_command_itself() -> None:
    folder = extras.ROOT / "facenet_res"
    spelled = [
        path.name
        for path in folder.rglob("*.py")
        if re.search(r"pip install ['\"]?facenet-res", path.read_text("utf-8"))
    ]
    assert spelled == ["extras.py"]
