"""A few hundred steps of one network, which go on where they were stopped."""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from experiments.depth.config import DepthConfig, Subject
from experiments.depth.crops import SmallCrops, batch_at
from facenet_res.core.errors import StateError, TrainingDiverged
from facenet_res.models.classifier import build_classifier
from facenet_res.train.optimizer import MOMENTUM, WarmupDecay
from facenet_res.train.state import load_state, save_state


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went.

    Attributes:
        losses: float[S], of each step's batch, before the step.
        train_s: seconds of all its parts together.
    """

    losses: list[float]
    train_s: float


def fresh_network(subject: Subject, classes: int) -> Any:
    """The network of a subject, with the weights that its seed draws."""
    keras.utils.set_random_seed(subject.seed)
    return build_classifier(subject.network(classes))


def train_subject(
    config: DepthConfig,
    subject: Subject,
    small: SmallCrops,
    folder: Path,
    on_step: Callable[[int], None],
) -> Trained:
    """Trains from where the folder's state stands to the last step.

    Args:
        config: learning rate, decay and how often to save.
        subject: the network, its batches and steps.
        small: what to learn.
        folder: of the state while it is needed; the caller removes it by `forget_state`.
        on_step: called with the steps done, after each.

    Raises:
        StateError: the state is of other settings or crops.
        TrainingDiverged: the loss is no finite number; the state before it is kept.
        DiskFull: a state could not be written; the one before is kept.
    """
    network = fresh_network(subject, small.classes)
    network.compile(
        optimizer=_optimizer(config, subject),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    network.optimizer.build(network.trainable_variables)
    folder.mkdir(parents=True, exist_ok=True)
    holds_for = {"settings": config.settings(subject), "data_sha256": small.sha256}
    saved = load_state(network, folder) or {"losses": [], "train_s": 0.0, "holds_for": holds_for}
    if saved.get("holds_for") != holds_for:
        raise StateError(f"{folder} is of other settings or crops; delete it or choose another one")
    losses, before_s = list(saved["losses"]), float(saved["train_s"])
    started = saved_at = time.monotonic()
    while len(losses) < subject.steps:
        step = len(losses)
        # Else Keras' loss is the mean of all steps until now.
        network.reset_metrics()
        batch = batch_at(small, subject.batch_size, subject.seed, step)
        losses.append(float(network.train_on_batch(*batch)))
        if not math.isfinite(losses[-1]):
            raise TrainingDiverged(f"the loss of {subject.name} is {losses[-1]} at step {step + 1}")
        now = time.monotonic()
        if now - saved_at >= config.save_every_s:
            done = {
                "step": len(losses),
                "losses": losses,
                "train_s": before_s + now - started,
                "holds_for": holds_for,
            }
            save_state(network, folder, done)
            saved_at = now
        on_step(len(losses))
    return Trained(losses, before_s + time.monotonic() - started)


def forget_state(folder: Path) -> None:
    """Removes the state of a training that is finished and recorded."""
    shutil.rmtree(folder, ignore_errors=True)


def _optimizer(config: DepthConfig, subject: Subject) -> keras.optimizers.Optimizer:
    peak = config.adam_learning_rate if subject.optimizer == "adam" else config.learning_rate
    rate = WarmupDecay(peak, config.warmup_steps, subject.steps)
    if subject.optimizer == "adam":
        return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    return keras.optimizers.SGD(rate, MOMENTUM, weight_decay=config.weight_decay)
