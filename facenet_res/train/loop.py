"""The run: steps, validation, checkpoints, and a log that says what happened."""

import json
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from facenet_res.core.errors import TrainingDiverged
from facenet_res.core.types import Embeddings, Faces
from facenet_res.data.crops import CropSource
from facenet_res.data.input import batches
from facenet_res.data.skipped import Skipped
from facenet_res.models.checkpoint import save_weights
from facenet_res.train.config import TrainConfig
from facenet_res.train.learner import Learner
from facenet_res.train.state import load_state, save_state
from facenet_res.train.teacher import RememberingTeacher, Teacher
from facenet_res.train.validation import embed_crops, judge

WEIGHTS_NAME = "weights.safetensors"
LOG_NAME = "log.jsonl"
VALIDATION_RATE = 1e-3
LOG_EVERY = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; what a progress bar shows.

    Attributes:
        step: steps done.
        steps: steps of the whole run.
        images_per_s: of late, validation and checkpoints included.
        means: "loss" and its parts since the last log line.
        validation: the last TAR at FAR 1e-3, or NaN before the first.
        skipped: crops that could not be read in the whole run, told at its end.
    """

    step: int
    steps: int
    images_per_s: float
    means: dict[str, float] = field(default_factory=dict)
    validation: float = math.nan
    skipped: int = 0


def run_steps(
    learner: Learner,
    config: TrainConfig,
    data: tuple[CropSource, CropSource, Skipped],
    teacher: Teacher | None,
    folder: Path,
    on_progress: Callable[[Progress], None],
) -> Progress:
    """Trains from where the folder's state stands to the last step.

    Args:
        learner: compiled, with a built optimiser; fresh, its state is read here.
        config: the run.
        data: the crops to learn from, those to validate on, and what notes the unreadable ones.
        teacher: for distillation, or None.
        folder: holds state, weights and log; made by the caller.
        on_progress: called after every step.

    Raises:
        TrainingDiverged: the loss is no finite number; the last good state is kept.
        DiskFull: a checkpoint could not be written; the one before is kept.
    """
    saved = load_state(learner, folder) or {"step": 0, "validation": math.nan}
    step, figure = int(saved["step"]), float(saved["validation"])
    train, held_out, skipped = data
    asked = RememberingTeacher(teacher) if teacher else None
    log = _Log(folder / LOG_NAME)
    clock = saved_at = time.monotonic()
    progress = Progress(step, config.steps, 0.0, {}, figure)
    made = batches(train, config.input, config.augment, first=step, skipped=skipped)
    with closing(made) as source:
        while step < config.steps:
            batch = next(source)
            targets = asked.embed(batch.faces, batch.view_ids) if asked else None
            means = learner.learn(batch.faces, batch.labels, targets)
            if not math.isfinite(means["loss"]):
                raise TrainingDiverged(
                    f"the loss is {means['loss']} at step {step + 1}; "
                    f"the last good state stands in {folder}"
                )
            step += 1
            if step % LOG_EVERY == 0:
                rate = LOG_EVERY * config.input.batch_size / (time.monotonic() - clock)
                clock = time.monotonic()
                log.write({"step": step, "images_per_s": round(rate, 1), **means})
                progress = Progress(step, config.steps, rate, means, figure)
                learner.reset_metrics()
            is_last = step == config.steps
            if len(held_out) and (step % config.validate_every == 0 or is_last):
                figure = _validate(learner, held_out)
                log.write({"step": step, "validation_tar": figure})
            if is_last or time.monotonic() - saved_at >= config.save_every_s:
                save_state(learner, folder, {"step": step, "validation": figure})
                saved_at = time.monotonic()
            on_progress(Progress(step, config.steps, progress.images_per_s, progress.means, figure))
    with averaged(learner):
        save_weights(learner.network, folder / WEIGHTS_NAME, config.model)
    return Progress(step, config.steps, progress.images_per_s, progress.means, figure, len(skipped))


class averaged:  # noqa: N801 (reads as `with averaged(learner)`)
    """Swaps the averaged weights in for the length of a `with`, where the run keeps them."""

    def __init__(self, learner: Learner) -> None:
        """Remembers whose weights to swap."""
        self._learner = learner
        self._kept: list[Any] = []

    def __enter__(self) -> None:
        optimizer = self._learner.optimizer
        if optimizer.use_ema and int(optimizer.iterations) > 0:
            variables = self._learner.trainable_variables
            self._kept = [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]
            optimizer.finalize_variable_values(variables)

    def __exit__(self, *reason: object) -> None:
        if self._kept:
            for variable, kept in zip(self._learner.trainable_variables, self._kept, strict=True):
                variable.assign(kept)


def _validate(learner: Learner, held_out: CropSource) -> float:
    def embed(faces: Faces) -> Embeddings:
        return np.asarray(keras.ops.convert_to_numpy(learner(faces, training=False)), np.float32)

    with averaged(learner):
        embeddings = embed_crops(held_out, embed)
    identities = [held_out.identity(number) for number in range(len(held_out))]
    return judge(embeddings, identities, VALIDATION_RATE)


class _Log:
    """Appends JSON lines; a line is whole or absent."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, row: dict[str, float]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
