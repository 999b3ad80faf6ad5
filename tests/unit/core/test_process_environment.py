"""Libraries keep off the network and write to our cache folder alone."""

import os
import sys
from pathlib import Path

import pytest

from facenet_res.core.process_environment import (
    FOLDERS,
    LOG_LEVELS,
    cache_folder,
    prepare_environment,
    turn_telemetry_off,
)


def test_the_cache_folder_is_absolute() -> None:
    home = Path.home() / ".cache" / "facenet-res"
    assert cache_folder({"XDG_CACHE_HOME": "here"}) == home
    assert cache_folder({}) == home
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/facenet-res")


def test_values_that_are_set_already_stay(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path), "MPLCONFIGDIR": "/mine"}

    prepare_environment(environment)

    assert environment["MPLCONFIGDIR"] == "/mine"
    assert {*FOLDERS, *LOG_LEVELS} <= set(environment)
    assert environment["CUDA_CACHE_PATH"] == str(tmp_path / "facenet-res" / "cuda")


def test_the_user_s_settings_of_keras_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    without: dict[str, str] = {}
    prepare_environment(without)
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text("{}")
    with_settings: dict[str, str] = {}
    prepare_environment(with_settings)

    assert without["KERAS_HOME"] == str(tmp_path / ".cache" / "facenet-res" / "keras")
    assert "KERAS_HOME" not in with_settings


def test_telemetry_packages_cannot_be_imported() -> None:
    turn_telemetry_off()

    with pytest.raises(ImportError):
        __import__("openvino_telemetry")
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert sys.modules["openvino_telemetry"] is None
