"""Shells complete commands and options."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_code_of_a_shell_names_the_program(run: Run, shell: str) -> None:
    assert "facenet-res" in run("completion", shell).out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("facenet-res ga", ["gallery"]),
        ("facenet-res gallery id", ["identify"]),
        ("facenet-res develop q", ["quantise"]),
        ("facenet-res verify --thr", ["--threshold"]),
        ("facenet-res detect --detector y", ["yunet"]),
    ],
)
def test_bash_completes(run: Run, tmp_path: Path, line: str, words: list[str]) -> None:
    code = run("completion", "bash").out
    program = tmp_path / "facenet-res"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m facenet_res.cli "$@"\n')
    program.chmod(0o755)
    script = f"""PATH={tmp_path}:$PATH
{code}
COMP_LINE='{line}' COMP_POINT={len(line)} COMP_TYPE=9
_python_argcomplete facenet-res
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)

    assert [word.strip() for word in ended.stdout.split()] == words
