"""Keras loads in silence, unless it does not load."""

import os

import pytest

from facenet_res.cli.keras_start import load_keras
from facenet_res.core.errors import EngineUnavailable


def test_what_a_library_says_while_it_loads_is_swallowed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.import_module", lambda _: os.write(2, b"noise\n"))
    load_keras()
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"


def test_what_it_says_is_shown_where_it_does_not_load(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: str) -> None:
        os.write(2, b"why\n")
        raise ImportError("broken")

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(EngineUnavailable, match="KERAS_BACKEND names: broken"):
        load_keras()
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "why\nours\n"


def test_a_broken_tensorflow_is_no_matter_where_another_backend_loads(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def import_module(name: str) -> None:
        if name == "tensorflow":
            os.write(2, b"why\n")
            raise ImportError("broken")

    monkeypatch.setattr("importlib.import_module", import_module)
    load_keras()
    assert capfd.readouterr().err == ""


def test_threads_that_wait_give_their_core_away_where_nobody_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.import_module", lambda _: None)
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    load_keras()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    load_keras()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
