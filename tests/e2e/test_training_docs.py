"""Every command of docs/training.md, run in its order on small data.

Each `train` gets `--smoke`, the recipes' own switch to seconds; what a GPU would do, the CPU does.
Blocks marked `not run` need a file that has to be fetched first.
"""

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.study.trial import load_study
from tests.snippets import blocks
from tests.training_sets import made_crops, write_folder, write_insightface

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/training.md").read_text(encoding="utf-8")
BLOCKS = [each for each in blocks("docs/training.md", PAGE) if each.note.startswith("run by")]


def recipes() -> dict[str, str]:
    """The recipes and studies of the page, by the name in their first line."""
    named = [each.text for each in BLOCKS if each.language == "python"]
    return {code.split("\n", 1)[0].removeprefix("# "): code for code in named}


def commands() -> list[str]:
    shells = [each.text for each in BLOCKS if each.language == "console"]
    return [line.removeprefix("$ ") for code in shells for line in code.splitlines()]


def prepare(folder: Path) -> None:
    """The data that the page speaks of, in miniature."""
    crops = made_crops({str(number): 5 for number in range(6)})
    write_insightface(folder / "ms1m-retinaface-t1", crops)
    write_folder(folder / "faces", crops)
    for name, code in recipes().items():
        (folder / name).write_text(code)


def run(command: str, folder: Path) -> None:
    environment = {**os.environ, "FACENET_RES_DATA": str(folder), "PYTHONPATH": str(ROOT)}
    environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    # What one process compiled, the next one reads: half of the time of JAX.
    environment["JAX_COMPILATION_CACHE_DIR"] = str(folder / "jax")
    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    words = shlex.split(command)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    assert words.pop(0) == "facenet-res", command
    if words[:2] == ["develop", "train"]:
        words += ["--smoke", "--set", "input.batch_size=8"]
    done = subprocess.run(
        [sys.executable, "-m", "facenet_res.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_study_of_the_page_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)

    study = load_study("widths.py", smoke=True)

    assert [trial.config.model.width for trial in study.trials] == [0.25, 0.5]


def test_the_page_has_recipes_and_commands() -> None:
    assert set(recipes()) == {"mine.py", "ms1mv3.py", "widths.py"}
    assert len(commands()) >= 10


@pytest.mark.e2e
def test_every_command_of_the_page_runs(tmp_path: Path) -> None:
    prepare(tmp_path)

    for command in commands():
        if "KERAS_BACKEND=jax" in command and importlib.util.find_spec("jax") is None:
            continue
        run(command, tmp_path)

    assert (tmp_path / "rates" / "rates.html").exists()
    assert (tmp_path / "runs" / "mine" / "report.html").exists()
    assert (tmp_path / "runs" / "two" / "weights.safetensors").exists()
