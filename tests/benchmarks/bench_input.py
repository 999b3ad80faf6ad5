"""Does the input starve the step? Crops made ready a second, and the step's need of them.

Sketch first, of one core: 4 KB of JPEG decode in 80 us and are checked in 60, the default changes
take 190 us on average (each one's time weighted by its probability), the generator 16 us, reading
and batching 20: 370 us, 2,700 crops/s, and twice that on two cores if Python's lock were free. It
is held for about half of the time. A step of the recipe `first` learns from some hundred crops/s on
two cores, which the input has to share; on a GPU it has its own cores.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest

from facenet_res.data.augment import AugmentConfig, augment
from facenet_res.data.crops import CropSource, open_crops
from facenet_res.data.input import InputConfig, batches
from facenet_res.models.build import build_model
from facenet_res.train.learner import Learner
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.recipe import load_recipe
from tests.benchmarks import bench
from tests.conftest import shared_data_dir
from tests.training_sets import (
    made_crops,
    write_insightface,
    write_tars,
    write_tfrecords,
    write_zip,
)

WORKERS = 2
BATCH = 64
CLASSES = 1000

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CropSource]:
    """Real faces where there are some; noise takes longer to decode."""
    path = shared_data_dir() / "crops.zip"
    if not path.exists():
        made = made_crops({str(number): 8 for number in range(16)})
        path = write_zip(tmp_path_factory.mktemp("data") / "crops.zip", made)
    with open_crops(path) as source:
        yield source


@pytest.mark.bench
def test_input_against_the_step(crops: CropSource, record_property: Record) -> None:
    policy = keras.config.dtype_policy()
    config = load_recipe("first")
    keras.config.set_dtype_policy(config.precision)
    rng = np.random.default_rng(0)
    size = bench.size(smoke=4, full=BATCH)
    taken = bench.size(smoke=1, full=16)
    steps = bench.size(smoke=1, full=3)
    made = InputConfig(batch_size=size, workers=WORKERS)
    faces = rng.integers(0, 256, (size, 112, 112, 3), np.uint8)
    labels = rng.integers(0, CLASSES, size, np.int32)
    try:
        dim = config.model.embedding_dim
        learner = Learner(build_model(config.model), CLASSES, config.loss, [dim])
        optimizer = make_optimizer(config.optimizer, config.steps)
        learner.compile(optimizer=optimizer, jit_compile=False)
        teacher = rng.normal(size=(size, dim)).astype(np.float32)
        with closing(batches(crops, made, AugmentConfig())) as source:
            rounds = bench.interleaved(
                {
                    "input": lambda: list(islice(source, taken)),
                    "step": lambda: [
                        learner.learn(faces, labels, [teacher], rng) for _ in range(steps)
                    ],
                },
                rounds=bench.size(smoke=1, full=8),
            )
    finally:
        keras.config.set_dtype_policy(policy)

    per_s = 1e3 * taken * size / rounds.median_ms("input")
    need_per_s = 1e3 * steps * size / rounds.median_ms("step")
    record_property("crops", "real" if shared_data_dir().exists() else "made")
    record_property("backend", keras.backend.backend())
    record_property("input_crops_per_s", round(per_s))
    record_property(
        "input_best_crops_per_s", round(1e3 * taken * size / min(rounds.times_ms["input"]))
    )
    record_property("step_crops_per_s", round(need_per_s))
    print(f"\ninput {per_s:.0f} crops/s, the step needs {need_per_s:.0f} crops/s")  # noqa: T201
    assert not bench.is_full() or per_s > need_per_s


@pytest.mark.bench
def test_each_change(crops: CropSource, record_property: Record) -> None:
    names = [
        name
        for name in AugmentConfig.__dataclass_fields__
        if name != "strength" and not name.endswith("_max")
    ]
    faces = [crops[number].decode() for number in range(32)]
    rng = np.random.default_rng(0)
    repeats = bench.size(smoke=1, full=15)

    def us(work: Callable[[], object]) -> float:
        return round(1e3 * bench.best_ms(work, repeats) / len(faces), 1)

    record_property("decode_us", us(lambda: [crops[number].decode() for number in range(32)]))
    for name in names:
        alone = AugmentConfig(**{each: float(each == name) for each in names})
        record_property(f"{name}_us", us(lambda c=alone: [augment(f, c, rng) for f in faces]))
    record_property("all_us", us(lambda: [augment(f, AugmentConfig(), rng) for f in faces]))


@pytest.mark.bench
def test_reading_alone(tmp_path: Path, record_property: Record) -> None:
    made = made_crops({str(number): 10 for number in range(bench.size(smoke=2, full=50))})
    sets = {
        "zip": write_zip(tmp_path / "crops.zip", made),
        "tar": write_tars(tmp_path / "tar", made),
        "tfrecord": write_tfrecords(tmp_path / "tfrecord", made),
        "insightface": write_insightface(tmp_path / "insightface", made),
    }
    order = np.random.default_rng(0).permutation(len(made)).tolist()
    for name, path in sets.items():
        opening_ms = bench.best_ms(
            lambda p=path: open_crops(p).close(), bench.size(smoke=1, full=5)
        )
        with open_crops(path) as source:
            reading_ms = bench.best_ms(
                lambda s=source: [s[number].data for number in order], bench.size(smoke=1, full=5)
            )
        record_property(f"{name}_opened_per_s", round(1e3 * len(made) / opening_ms))
        record_property(f"{name}_read_per_s", round(1e3 * len(made) / reading_ms))
