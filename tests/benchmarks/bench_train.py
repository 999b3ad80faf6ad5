"""Images per second of one training step, by stem and width, in the backend of KERAS_BACKEND.

Sketch first: three times the forward pass. An IResNet-18 of width 0.5 with a half stem is
0.5 GMAC, so a step costs 3 GFLOP an image; two cores that sustain 800 GFLOP/s in bfloat16 cannot
pass 270 images/s. Measured rates lie far below: the step is bound by memory, not by arithmetic.
"""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from facenet_res.models.build import build_model
from facenet_res.models.config import ModelConfig
from facenet_res.train.learner import Learner
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.optimizer_config import OptimizerConfig
from tests.benchmarks import bench

BATCH = 64
CLASSES = 1000


@pytest.mark.bench
@pytest.mark.parametrize(("stem", "width"), [("half", 0.25), ("half", 0.5), ("full", 0.5)])
def test_step(stem: str, width: float, record_property: Callable[[str, object], None]) -> None:
    if not bench.is_full() and width > 0.25:
        pytest.skip("one network is enough to see that the benchmark runs")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build_model(ModelConfig(depth=18, width=width, stem=stem, embedding_dim=128))
        learner = Learner(network, CLASSES, LossConfig())
        learner.compile(optimizer=make_optimizer(OptimizerConfig(), 1000), jit_compile=False)
        rng = np.random.default_rng(0)
        batch = bench.size(smoke=4, full=BATCH)
        faces = rng.integers(0, 256, (batch, 112, 112, 3), np.uint8)
        labels = rng.integers(0, CLASSES, batch, np.int32)
        learner.learn(faces, labels, [], rng)

        ms = bench.best_ms(
            lambda: learner.learn(faces, labels, [], rng), repeats=bench.size(smoke=1, full=10)
        )
    finally:
        keras.config.set_dtype_policy(policy)
    record_property("backend", keras.backend.backend())
    record_property("images_per_s", 1e3 * batch / ms)
