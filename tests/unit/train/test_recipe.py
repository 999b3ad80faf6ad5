"""A recipe is found by its name or path, and what is no recipe is said at once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.models.census import census
from facenet_res.train.devices import has_gpu
from facenet_res.train.recipe import load_recipe

HALF_BYTES = 2


def test_every_recipe_makes_a_config_and_its_smoke_run_is_short() -> None:
    full, smoke = load_recipe("first"), load_recipe("first", smoke=True)

    assert smoke.steps < full.steps
    assert smoke.model == full.model


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(FileMissing, match="'first'"):
        load_recipe("last")


def test_a_recipe_without_a_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("steps = 3\n")

    with pytest.raises(ConfigInvalid, match="needs a function config"):
        load_recipe(str(tmp_path / "mine.py"))


def test_reading_a_recipe_loads_no_keras() -> None:
    program = (
        "import sys; from facenet_res.train.recipe import load_recipe; load_recipe('first');"
        "print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout.split() == [b"False", b"False"]


@pytest.mark.parametrize("smoke", [True, False])
@pytest.mark.parametrize("has_bf16", [True, False])
def test_the_default_recipe_computes_in_what_the_cpu_has(
    smoke: bool, has_bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facenet_res.core.machine.has_bf16", lambda: has_bf16)

    config = load_recipe("default", smoke=smoke)

    assert config.precision == ("mixed_bfloat16" if has_bf16 else "float32")
    assert (config.start, config.adapt_start) == ("dlib-resnet", True)
    assert census(config.model).parameters * HALF_BYTES < 25e6


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="a GPU may be here")
def test_keras_finds_no_gpu_where_there_is_none() -> None:
    assert has_gpu() is False


def test_what_a_gpu_trains_fits_in_one_file_of_25_mb() -> None:
    config = load_recipe("large")

    assert config.input.place == "device"
    assert census(config.model).parameters * HALF_BYTES < 25e6
    assert load_recipe("large", smoke=True).name == config.name


@pytest.mark.parametrize(
    ("body", "words"),
    [("TrainConfig(name='x', stepz=3)", "TypeError: .*'stepz'"), ("(", "fails: SyntaxError")],
)
def test_a_recipe_that_fails_says_how(tmp_path: Path, body: str, words: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        f"from facenet_res.train.config import TrainConfig\ndef config(smoke):\n    return {body}\n"
    )

    with pytest.raises(ConfigInvalid, match=words):
        load_recipe(str(path))
