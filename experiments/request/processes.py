"""The two processes that the profile of a request talks to: a real server and an echo."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facenet_res.core.errors import EngineUnavailable

ROOT = Path(__file__).parents[2]
STOP_S = 30.0


@contextmanager
def served(flags: list[str]) -> Iterator[str]:
    """A server on a free port of loopback; its address.

    Raises:
        EngineUnavailable: it did not start; it has said why on stderr.
    """
    command = [sys.executable, "-m", "server", "--address", "127.0.0.1:0", *flags]
    with _running([*command, "--log-level", "warning"], None) as line:
        yield line.removeprefix("serving at ").partition(": ")[0]


@contextmanager
def echoed(answer: bytes) -> Iterator[str]:
    """A server that replies with these bytes; its address."""
    command = [sys.executable, "-m", "experiments.request.echo", str(len(answer))]
    with _running(command, answer) as line:
        yield line


@contextmanager
def _running(command: list[str], sent: bytes | None) -> Iterator[str]:
    """A process for a while, and the first line that it printed."""
    process = subprocess.Popen(  # noqa: S603 - a program of ours
        command, cwd=ROOT, env=dict(os.environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("pipes were asked for")
    try:
        if sent is not None:
            process.stdin.write(sent)
            process.stdin.flush()
        line = process.stdout.readline().decode().strip()
        if not line:
            raise EngineUnavailable(f"{command[2]} did not start: status {process.wait(STOP_S)}")
        yield line
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(STOP_S)
        process.stdout.close()
