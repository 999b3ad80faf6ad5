"""Training by epochs: the best one is kept, and a stopped run goes on as if unbroken."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from facenet_res.core.errors import ConfigInvalid, StateError, TrainingDiverged
from facenet_res.losses.cross_entropy import cross_entropy
from facenet_res.train import epochs as epochs_module
from facenet_res.train.epochs import EpochsConfig, EpochsData, shuffled_batches, train_epochs
from facenet_res.train.image_learner import ImageLearner
from facenet_res.train.optimizer_config import OptimizerConfig

SIDE_PX = 4
OPTIMIZER = OptimizerConfig(name="adamw", learning_rate=0.05, warmup_steps=1, ema=0.5)


def learner() -> ImageLearner:
    """One dense layer behind a normalisation, from one start."""
    keras.utils.set_random_seed(0)
    images = keras.Input((SIDE_PX, SIDE_PX, 3))
    x = keras.layers.BatchNormalization(momentum=0.9)(images)
    network = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    return ImageLearner(network, lambda labels, logits: ops.mean(cross_entropy(logits, labels)))


def examples(seed: int, count: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count).astype(np.int32)
    images = rng.integers(0, 156, (count, SIDE_PX, SIDE_PX, 3)) + 100 * labels[:, None, None, None]
    return images.astype(np.uint8), labels


def data(scores: list[float] | None = None, name: str = "run") -> EpochsData:
    images, labels = examples(0)
    told = iter(scores or [])

    def batches(epoch: int) -> Iterator[tuple[Any, Any]]:
        rng = np.random.default_rng(epoch)
        for numbers in shuffled_batches(len(labels), 16, rng):
            yield images[numbers], labels[numbers]

    def score(trained: ImageLearner) -> float:
        if scores is not None:
            return next(told)
        chosen = trained.outputs_of(images).argmax(axis=1)
        return float((chosen == labels).mean())

    return EpochsData(batches, score, images[:16], name)


def weights(trained: ImageLearner) -> list[np.ndarray]:
    return [np.asarray(ops.convert_to_numpy(each.value)) for each in trained.variables]


def train(config: EpochsConfig, given: EpochsData, folder: Path) -> tuple[Any, ImageLearner]:
    trained = learner()
    return train_epochs(trained, given, config, folder, lambda *_: None), trained


def config(epochs: int) -> EpochsConfig:
    return EpochsConfig(epochs=epochs, steps_per_epoch=4, optimizer=OPTIMIZER)


def test_it_learns(tmp_path: Path) -> None:
    result, trained = train(config(6), data(), tmp_path)
    assert result.losses[-1] < 0.5 * result.losses[0]
    assert max(result.scores) > 0.95
    images, labels = examples(1)
    assert (trained.outputs_of(images).argmax(axis=1) == labels).mean() > 0.9


def test_the_best_epochs_weights_are_left(tmp_path: Path) -> None:
    # Given scores that are best after the second of three epochs.
    result, best = train(config(3), data([0.1, 0.9, 0.5]), tmp_path / "a")
    _, last = train(config(3), data([0.1, 0.5, 0.9]), tmp_path / "b")
    assert result.best_epoch == 2
    assert result.scores == (0.1, 0.9, 0.5)
    assert any(not np.array_equal(*pair) for pair in zip(weights(best), weights(last), strict=True))


def test_a_run_that_was_stopped_goes_on_as_if_unbroken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epochs_module, "SAVE_EVERY_S", 0.0)
    _, whole = train(config(4), data(), tmp_path / "whole")
    given = data()
    calls = []

    def stopping(epoch: int) -> Iterator[tuple[Any, Any]]:
        calls.append(epoch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        yield from given.batches(epoch)

    stopped = EpochsData(stopping, given.score, given.plain, given.name)
    with pytest.raises(KeyboardInterrupt):
        train(config(4), stopped, tmp_path / "stopped")
    result, resumed = train(config(4), stopped, tmp_path / "stopped")
    assert calls == [0, 1, 2, 2, 3]
    assert len(result.scores) == 4
    for one, other in zip(weights(resumed), weights(whole), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    train(config(1), data(), tmp_path)
    with pytest.raises(StateError, match="state of 'run', this run is 'other'"):
        train(config(1), data(name="other"), tmp_path)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    broken = learner()
    network = broken.network
    bad = ImageLearner(network, lambda labels, logits: ops.mean(logits) * float("nan"))
    with pytest.raises(TrainingDiverged, match="the loss is nan"):
        train_epochs(bad, data(), config(1), tmp_path, lambda *_: None)


def test_batches_hold_every_number_once_and_drop_the_rest() -> None:
    found = shuffled_batches(10, 3, np.random.default_rng(0))
    assert len(np.unique(np.concatenate(found))) == 9
    with pytest.raises(ConfigInvalid, match=r"batch_size must be in \[1, 10\], got 11"):
        shuffled_batches(10, 11, np.random.default_rng(0))


@pytest.mark.parametrize("values", [(0, 1), (1, 0)])
def test_no_epochs_and_no_steps_are_refused(values: tuple[int, int]) -> None:
    with pytest.raises(ConfigInvalid, match="need epochs >= 1"):
        EpochsConfig(epochs=values[0], steps_per_epoch=values[1])
