"""A relative path starts where FACENET_RES_DATA points, an absolute one where it says."""

from pathlib import Path

import pytest

from facenet_res.data.location import data_path


def test_a_relative_path_starts_at_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACENET_RES_DATA", "/faces")
    assert data_path("crops.zip") == Path("/faces/crops.zip")
    monkeypatch.delenv("FACENET_RES_DATA")
    assert data_path("crops.zip") == Path("../shared/data/crops.zip")


def test_an_absolute_path_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACENET_RES_DATA", "/faces")
    assert data_path("/mine/crops.zip") == Path("/mine/crops.zip")
