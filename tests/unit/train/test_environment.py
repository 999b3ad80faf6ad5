"""A figure's machine and versions are those of the process that made it."""

import platform
from pathlib import Path

import keras
import pytest

from facenet_res import __version__
from facenet_res.train.environment import environment


def test_machine_and_versions_are_this_process_s() -> None:
    found = environment()

    assert found.machine.endswith("CPUs")
    assert found.versions["facenet-res"] == __version__
    assert found.versions["python"] == platform.python_version()
    assert found.versions["keras"] == keras.__version__
    assert keras.backend.backend() in found.versions


def test_a_machine_that_does_not_name_its_processor_has_its_architecture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("facenet_res.core.machine.PROCESSOR_FILE", tmp_path / "absent")
    monkeypatch.setattr("platform.processor", lambda: "")

    assert environment().machine.startswith(platform.machine())
