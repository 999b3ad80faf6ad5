"""The run: steps, validation, checkpoints, and a log that says what happened."""

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facenet_res.core.types import Faces
from facenet_res.data.crops import CropSource
from facenet_res.data.skipped import Skipped
from facenet_res.models.checkpoint import save_weights
from facenet_res.train.averaged import averaged
from facenet_res.train.batch_steps import learn_batch, taught_batches
from facenet_res.train.config import TrainConfig
from facenet_res.train.learner import Learner
from facenet_res.train.log import RunLog
from facenet_res.train.pairs_judge import PairsJudge
from facenet_res.train.state import diverged, load_state, save_state
from facenet_res.train.teachers import Teachers
from facenet_res.train.validation import embed_crops, judge

WEIGHTS_NAME = "weights.safetensors"
EARLIER_WEIGHTS_NAME = "weights.earlier.safetensors"
VALIDATION_RATE = 1e-3
LOG_EVERY = 50
LOOKS_DUE = "looks_due"
PEOPLE = "people"
PAIRS = "pairs"


@dataclass(frozen=True, slots=True, eq=False)
class RunData:
    """What a run learns from and is judged by.

    Attributes:
        train: crops to learn from.
        held_out: crops of the people held out; may be empty.
        pairs: photographs to look at besides, or None.
        skipped: what notes the unreadable crops.
        plain: uint8[N, 112, 112, 3] RGB, training crops by which the averaged weights' statistics
            are measured; N may be 0.
    """

    train: CropSource
    held_out: CropSource
    pairs: PairsJudge | None
    skipped: Skipped
    plain: Faces


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; what a progress bar shows.

    Attributes:
        step: steps done.
        steps: steps of the whole run.
        images_per_s: of late, validation and checkpoints included.
        means: "loss" and its parts since the last log line.
        validation: the last TAR at FAR 1e-3, or NaN before the first.
        pairs: the last accuracy on the pairs, or NaN.
        skipped: crops that could not be read.
    """

    step: int
    steps: int
    images_per_s: float
    means: dict[str, float] = field(default_factory=dict)
    validation: float = math.nan
    pairs: float = math.nan
    skipped: int = 0


def run_steps(
    learner: Learner,
    config: TrainConfig,
    data: RunData,
    teachers: Teachers,
    folder: Path,
    on_progress: Callable[[Progress], None],
) -> Progress:
    """Trains from where the folder's state stands to the last step.

    Args:
        learner: compiled, with a built optimiser; fresh, its state is read here.
        config: the run.
        data: what to learn from and be judged by.
        teachers: the teachers, perhaps none.
        folder: holds state, weights and log; made by the caller.
        on_progress: called after every step.

    Raises:
        TrainingDiverged: loss or weights are no finite number; the last good state is kept.
        DiskFull: a checkpoint could not be written; the one before is kept.
    """
    saved = load_state(learner, folder)
    now = _Standing(config, data, saved or {}, RunLog(folder))
    if now.step < config.steps:
        _set_aside(folder)
    if saved is None:
        # What stands ready took its time: teachers were asked where each class lies.
        save_state(learner, folder, now.kept())
    else:
        now.look(learner, folder, [name for name in now.looks if name in saved.get(LOOKS_DUE, [])])
    saved_at = time.monotonic()
    with closing(taught_batches(config, data.train, teachers, data.skipped, now.step)) as source:
        while now.step < config.steps:
            means = learn_batch(learner, next(source), config, now.step)
            if not math.isfinite(means["loss"]):
                raise diverged(f"the loss is {means['loss']} at step {now.step + 1}", folder)
            now.stepped(learner, means)
            if now.looks:
                now.look(learner, folder, now.looks)
                saved_at = time.monotonic()
            elif now.is_last or time.monotonic() - saved_at >= config.save_every_s:
                save_state(learner, folder, now.kept())
                saved_at = time.monotonic()
            on_progress(now.progress())
    with averaged(learner, data.plain):
        save_weights(learner.network, folder / WEIGHTS_NAME, config.model)
    return now.progress()


def _set_aside(folder: Path) -> None:
    """Weights of before, where a finished run goes on: they are not what it ends with."""
    path = folder / WEIGHTS_NAME
    if path.exists():
        path.replace(folder / EARLIER_WEIGHTS_NAME)


class _Standing:
    """Step, rate and figures of a run, as it goes."""

    def __init__(
        self, config: TrainConfig, data: RunData, saved: dict[str, Any], log: RunLog
    ) -> None:
        self._config, self._data, self._log = config, data, log
        self.step = int(saved.get("step", 0))
        self._validation = float(saved.get("validation", math.nan))
        self._pairs = float(saved.get("pairs", math.nan))
        self._rate, self._means = 0.0, dict[str, float]()
        self._clock, self._clock_step = time.monotonic(), self.step

    @property
    def is_last(self) -> bool:
        return self.step == self._config.steps

    @property
    def looks(self) -> list[str]:
        """What `look` has to do after this step."""
        due = {PEOPLE: self._is_validated, PAIRS: self._is_paired}
        return [name for name, is_due in due.items() if is_due]

    @property
    def _is_validated(self) -> bool:
        is_time = self.step % self._config.validate_every == 0 or self.is_last
        return len(self._data.held_out) > 0 and is_time

    @property
    def _is_paired(self) -> bool:
        every = self._config.pairs.every
        is_time = self.is_last or (every > 0 and self.step % every == 0)
        return self._data.pairs is not None and is_time

    def stepped(self, learner: Learner, means: dict[str, float]) -> None:
        """One step more; every so often a line of the log."""
        self.step += 1
        if self.step % LOG_EVERY and not self.is_last:
            return
        done = (self.step - self._clock_step) * self._config.input.batch_size
        self._rate = done / max(time.monotonic() - self._clock, 1e-9)
        self._clock, self._clock_step = time.monotonic(), self.step
        self._means = means
        self._log.write(self.step, {"images_per_s": round(self._rate, 1), **means})
        learner.reset_metrics()

    def look(self, learner: Learner, folder: Path, looks: list[str]) -> None:
        """Looks at the held-out people or at the pairs, and saves before and after each.

        A look takes its time: a run that is killed in it has lost the look alone.
        """
        for number, name in enumerate(looks):
            save_state(learner, folder, {**self.kept(), LOOKS_DUE: looks[number:]})
            with averaged(learner, self._data.plain):
                if name == PEOPLE:
                    self._look_at_people(learner)
                else:
                    self._look_at_pairs(learner)
        if looks:
            save_state(learner, folder, self.kept())

    def _look_at_people(self, learner: Learner) -> None:
        crops = self._data.held_out
        embeddings = embed_crops(crops, learner.embed)
        identities = [crops.identity(number) for number in range(len(crops))]
        self._validation = judge(embeddings, identities, VALIDATION_RATE)
        self._log.write(self.step, {"validation_tar": self._validation})

    def _look_at_pairs(self, learner: Learner) -> None:
        pairs = self._data.pairs
        if pairs is not None:
            self._pairs = pairs.accuracy(learner.embed)
            self._log.write(self.step, {"pairs_accuracy": self._pairs})

    def kept(self) -> dict[str, float]:
        """What a resumed run has to know."""
        return {"step": self.step, "validation": self._validation, "pairs": self._pairs}

    def progress(self) -> Progress:
        return Progress(
            self.step,
            self._config.steps,
            self._rate,
            self._means,
            self._validation,
            self._pairs,
            len(self._data.skipped),
        )
