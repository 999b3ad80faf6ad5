"""One step is written once: TensorFlow, JAX and PyTorch compute the same, and so do two devices."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
STEPS = """
import json, sys
import keras, numpy as np
from facenet_res.train.devices import share_batches
from facenet_res.train.learner import Learner
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.optimizer_config import OptimizerConfig
from tests.tiny_network import place_weights, tiny_batch, tiny_network

def losses(devices):
    share_batches(devices)
    loss = LossConfig(name="adaface", scale=16.0, distillation_weight=1.0, subcentres=2)
    learner = Learner(tiny_network(), 4, loss, [16, 8])
    place_weights([learner.head.centres, *learner.maps[1].weights], seed=2)
    optimizer = make_optimizer(OptimizerConfig(learning_rate=0.05, warmup_steps=1, ema=0.9), 10)
    learner.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    found = []
    for step in range(4):
        faces, labels = tiny_batch(step)
        rng = np.random.default_rng(step)
        rows = [rng.normal(size=(len(faces), dim)) for dim in (16, 8)]
        rows = [(r / np.linalg.norm(r, axis=1, keepdims=True)).astype("float32") for r in rows]
        learner.reset_metrics()
        means = learner.learn(faces, labels, rows, rng)
        found.append([means[name] for name in ("loss", "margin", "teacher_cosine")])
    # Three faces are no multiple of two devices.
    found.append(np.asarray(learner.embed(faces[:3])[0, :3], float).tolist())
    return found

print(json.dumps([losses(int(devices)) for devices in sys.argv[1:]]))
"""
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="needs JAX: the extra `jax`"
)


def started(backend: str, *devices: int) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    words = [sys.executable, "-c", STEPS, *map(str, devices)]
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answer(process: subprocess.Popen[str]) -> list[list[list[float]]]:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    found: list[list[list[float]]] = json.loads(out.splitlines()[-1])
    return found


def test_the_backends_agree_on_the_losses_of_several_steps() -> None:
    backends = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
    if len(backends) < 2:
        pytest.skip(f"needs two of TensorFlow, JAX and PyTorch, found {backends}")

    found = [answer(process)[0] for process in [started(name, 1) for name in backends]]

    # The weights have moved three times between the first loss and the last.
    assert found[0][0][0] != pytest.approx(found[0][3][0], rel=1e-3)
    for backend, losses in zip(backends[1:], found[1:], strict=True):
        np.testing.assert_allclose(losses[:4], found[0][:4], rtol=2e-4, err_msg=backend)


@needs_jax
def test_a_batch_shared_by_two_devices_has_the_loss_of_one() -> None:
    alone, shared = answer(started("jax", 1, 2))

    np.testing.assert_allclose(shared[:4], alone[:4], rtol=2e-4)
    np.testing.assert_allclose(shared[4], alone[4], rtol=1e-2)
