"""A recipe is found by its name or path, and what is no recipe is said at once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.models.census import census
from facenet_res.models.checkpoint import read_config
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
def test_the_default_recipe_fits_what_the_machine_has(
    smoke: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    on_cpu = load_recipe("default", smoke=smoke)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("facenet_res.train.devices.has_gpu", lambda: False)
    # A GPU that the backend cannot use is none.
    assert load_recipe("default", smoke=smoke) == on_cpu
    monkeypatch.setattr("facenet_res.train.devices.has_gpu", lambda: True)
    on_gpu = load_recipe("default", smoke=smoke)

    # The CPU goes on with the package's weights, which only their own network can take.
    assert on_cpu.start == "default"
    assert on_cpu.model == read_config(default_artifact_dir() / "model.safetensors")
    assert (on_gpu.start, on_gpu.input.place) == ("", "device")


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="a GPU may be here")
def test_keras_finds_no_gpu_where_there_is_none() -> None:
    assert has_gpu() is False


@pytest.mark.parametrize("recipe", ["default", "large"])
def test_what_a_gpu_trains_fits_in_one_file_of_25_mb(
    recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("facenet_res.train.devices.has_gpu", lambda: True)

    config = load_recipe(recipe)

    assert config.input.place == "device"
    assert census(config.model).parameters * HALF_BYTES < 25e6
    assert load_recipe(recipe, smoke=True).name == config.name


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
