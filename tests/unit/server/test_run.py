"""What the server says when it starts, to whoever reads it."""

import os

import pytest

from facenet_res.server.run import _announce


def test_a_closed_stdout_ends_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    _announce("serving")


def test_a_pipe_that_nobody_reads_ends_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        _announce("serving")
