"""A training that is killed with `kill -9`, twice, ends with the very bits of an unbroken one."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open

from facenet_res.models.checkpoint import read_tensors
from tests.crops import write_crops

STEPS = 7
RECIPE = f"""
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

def config(smoke):
    return TrainConfig(
        name="killed", crops="crops.zip", steps={STEPS}, precision="float32",
        model=ModelConfig(depth=18, width=0.25, stem="half", head="gap", embedding_dim=64),
        loss=LossConfig(name="curricularface", scale=16.0, centre_share=0.8),
        optimizer=OptimizerConfig(learning_rate=0.05, warmup_steps=2, ema=0.5),
        input=InputConfig(batch_size=8), held_out_identities=2, held_out_unlabelled=2,
        crops_per_identity_min=2, validate_every=3, save_every_s=0.001,
    )
"""


def started(folder: Path, run: str) -> subprocess.Popen[str]:
    backend = "torch" if importlib.util.find_spec("torch") else "tensorflow"
    environment = {**os.environ, "KERAS_BACKEND": backend, "FACENET_RES_DATA": str(folder)}
    words = ["develop", "train", str(folder / "recipe.py"), "--run", str(folder / run), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "facenet_res.cli", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def step_of(folder: Path) -> int:
    """The step of the newest state, 0 before the first."""
    try:
        with safe_open(folder / "state.safetensors", framework="numpy") as file:
            return int(json.loads(file.metadata()["progress"])["step"])
    except (OSError, SafetensorError):
        return 0


def kill_after(process: subprocess.Popen[str], folder: Path, step: int) -> None:
    deadline = time.monotonic() + 300
    while step_of(folder) < step and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"


@pytest.mark.e2e
def test_a_run_killed_twice_ends_bit_equal(tmp_path: Path) -> None:
    write_crops(tmp_path / "crops.zip", identities=6, unlabelled=6)
    (tmp_path / "recipe.py").write_text(RECIPE)
    rng = np.random.default_rng()
    first = int(rng.integers(1, 3))
    second = int(rng.integers(first + 1, STEPS - 1))

    unbroken = started(tmp_path, "unbroken")
    kill_after(started(tmp_path, "broken"), tmp_path / "broken", first)
    kill_after(started(tmp_path, "broken"), tmp_path / "broken", second)
    resumed = started(tmp_path, "broken")

    for process in (unbroken, resumed):
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert json.loads(out)["step"] == STEPS
    expected = read_tensors(tmp_path / "unbroken" / "weights.safetensors")
    got = read_tensors(tmp_path / "broken" / "weights.safetensors")
    assert expected.keys() == got.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(
            got[key], value, err_msg=f"{key}, killed at {first}, {second}"
        )
