"""Signals: whenever one comes, the command ends without a trace."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facenet_res.imaging.encode import encode_jpeg
from tests.portraits import portrait

# Python prints a trace of its own until the first line of the program runs.
LAUNCHER = (
    "import signal, sys; [signal.signal(n, signal.SIG_DFL) for n in (2, 15)]; "
    "print('begun', flush=True); from facenet_res.cli.__main__ import main; sys.exit(main())"
)
DELAYS_S = {signal.SIGINT: (0.0, 0.03, 0.06, 0.1, 0.2, 0.3, 0.5, 1.0), signal.SIGTERM: (0.1, 0.5)}


def started(*words: object) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize(
    ("number", "delay_s"), [(number, each) for number in DELAYS_S for each in DELAYS_S[number]]
)
def test_a_signal_at_any_time_prints_no_trace(number: signal.Signals, delay_s: float) -> None:
    process = started("version")
    time.sleep(delay_s)

    process.send_signal(number)
    _, err = process.communicate(timeout=60)

    assert err in ("", "stopped\n")
    # Killed by it, stopped by it, or done before it came.
    assert process.returncode in (-number, 128 + number, 0)


def test_a_signal_during_work_says_stopped_and_progress_is_lines_without_a_terminal(
    tmp_path: Path,
) -> None:
    image = encode_jpeg(portrait("astronaut"))
    for number in range(500):
        (tmp_path / f"{number}.jpg").write_bytes(image)
    process = started("detect", tmp_path)
    assert process.stderr is not None
    first = process.stderr.readline()

    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)

    assert " of 500 (" in first
    assert first.endswith("%) images\n")
    assert rest.splitlines()[-1] == "stopped"
    assert "Traceback" not in rest
    assert process.returncode == 128 + signal.SIGINT
