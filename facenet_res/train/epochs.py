"""Trains an ImageLearner for some epochs, keeps the best one, and goes on where it was stopped."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from facenet_res.core.errors import ConfigInvalid, StateError
from facenet_res.core.files import write_atomically
from facenet_res.core.progress import Tell
from facenet_res.train.averaged import averaged
from facenet_res.train.image_learner import ImageLearner
from facenet_res.train.optimizer import make_optimizer
from facenet_res.train.optimizer_config import OptimizerConfig
from facenet_res.train.state import diverged, load_state, save_state

BEST_NAME = "best.safetensors"
SAVE_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochsConfig:
    """How long and how.

    Attributes:
        epochs: at least 1.
        steps_per_epoch: batches of each, at least 1.
        optimizer: its learning rate falls to 0 by the last step.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    epochs: int
    steps_per_epoch: int
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.steps_per_epoch < 1:
            raise ConfigInvalid(
                "need epochs >= 1 and steps_per_epoch >= 1, got "
                f"{self.epochs} and {self.steps_per_epoch}"
            )


@dataclass(frozen=True, slots=True)
class EpochsResult:
    """How a training went.

    Attributes:
        losses: mean of each epoch.
        scores: of each epoch, on the validation set.
        best_epoch: with the highest score, from 1.
        train_s: seconds, validation included.
    """

    losses: tuple[float, ...]
    scores: tuple[float, ...]
    best_epoch: int
    train_s: float


@dataclass(frozen=True, slots=True, eq=False)
class EpochsData:
    """What is trained on and chosen by.

    Attributes:
        batches: of the epoch's number, from 0, to its batches (images, targets); the same number
            gives the same batches, so that a run that was stopped goes on as if unbroken.
        score: of the learner to a number on the validation set, greater is better.
        plain: uint8[N, H, W, 3], images without augmentation by which the averaged weights'
            batch normalisation is measured; N may be 0.
        name: of the run; a state of another name is refused.
    """

    batches: Callable[[int], Iterable[tuple[Any, Any]]]
    score: Callable[[ImageLearner], float]
    plain: NDArray[np.uint8]
    name: str


def train_epochs(
    learner: ImageLearner, data: EpochsData, config: EpochsConfig, folder: Path, tell: Tell
) -> EpochsResult:
    """Trains from where the folder's state stands to the last epoch, and leaves the best weights.

    Args:
        learner: with fresh or imported weights; compiled here.
        data: batches and what scores an epoch. The score is taken of the averaged weights where
            the optimiser keeps some.
        config: epochs and optimiser.
        folder: holds the state; made where absent. A call that was killed loses a minute, or
            one epoch where that is longer.
        tell: hears of epochs done.

    Returns:
        The figures of each epoch; the learner has the weights of the best one.

    Raises:
        StateError: the folder holds the state of another run.
        TrainingDiverged: the loss or a weight is no finite number; the last good state is kept.
        DiskFull: a state could not be written; the one before is kept.
    """
    learner.compile(
        optimizer=make_optimizer(config.optimizer, config.epochs * config.steps_per_epoch),
        jit_compile=False,
    )
    learner.build((None, *data.plain.shape[1:]))
    learner.optimizer.build(learner.trainable_variables)
    folder.mkdir(parents=True, exist_ok=True)
    now, best, saved_at = _standing(learner, data.name, folder), None, time.monotonic()
    while len(now["losses"]) < config.epochs:
        tell(data.name, len(now["losses"]), config.epochs)
        began_s = time.monotonic()
        loss = _epoch(learner, data.batches(len(now["losses"])), folder)
        with averaged(learner, data.plain):
            score = data.score(learner)
            if score > max(now["scores"], default=-math.inf):
                best = _values(learner)
        now = {
            **now,
            "losses": [*now["losses"], loss],
            "scores": [*now["scores"], score],
            "train_s": now["train_s"] + time.monotonic() - began_s,
            "step": (len(now["losses"]) + 1) * config.steps_per_epoch,
        }
        if time.monotonic() - saved_at >= SAVE_EVERY_S or len(now["losses"]) == config.epochs:
            if best is not None:
                write_atomically(folder / BEST_NAME, save(best))
            save_state(learner, folder, now)
            saved_at = time.monotonic()
    for name, value in load_file(folder / BEST_NAME).items():
        learner.variables[int(name)].assign(value)
    losses, scores = tuple(now["losses"]), tuple(now["scores"])
    return EpochsResult(losses, scores, int(np.argmax(scores)) + 1, float(now["train_s"]))


def shuffled_batches(
    count: int, batch_size: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """The numbers 0 to count - 1 in random order, in whole batches; what is left over is dropped.

    Raises:
        ConfigInvalid: there are fewer than a batch.
    """
    if not 1 <= batch_size <= count:
        raise ConfigInvalid(f"batch_size must be in [1, {count}], got {batch_size}")
    order = rng.permutation(count)[: count // batch_size * batch_size]
    return list(order.reshape(-1, batch_size))


def _standing(learner: ImageLearner, name: str, folder: Path) -> dict[str, Any]:
    """Where the folder's state stands, which is read into the learner, or the start."""
    now = load_state(learner, folder) or {"name": name, "losses": [], "scores": [], "train_s": 0.0}
    if now.get("name") != name:
        raise StateError(
            f"{folder} holds the state of {now.get('name')!r}, this run is {name!r}: "
            "delete it or choose another folder"
        )
    return now


def _values(learner: ImageLearner) -> dict[str, NDArray[Any]]:
    """Copies of all weights, by their numbers."""
    return {
        f"{number:04d}": np.array(ops.convert_to_numpy(each.value))
        for number, each in enumerate(learner.variables)
    }


def _epoch(learner: ImageLearner, batches: Iterable[tuple[Any, Any]], folder: Path) -> float:
    """One epoch; the mean loss."""
    losses = []
    for images, targets in batches:
        learner.reset_metrics()
        losses.append(float(learner.train_on_batch(images, targets)))
        if not math.isfinite(losses[-1]):
            raise diverged(f"the loss is {losses[-1]} in a batch of this epoch", folder)
    return float(np.mean(losses))
