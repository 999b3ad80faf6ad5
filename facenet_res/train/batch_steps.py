"""What a run and the search for its learning rate do alike: make a lesson, and learn from it."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from facenet_res.data.crops import CropSource
from facenet_res.data.device_input import DeviceInput
from facenet_res.data.input import Batch, batches
from facenet_res.data.skipped import Skipped
from facenet_res.train.config import TrainConfig
from facenet_res.train.learner import Learner
from facenet_res.train.panel import Panel

# One is learned from while the next is asked about; the second evens out a slow one.
AHEAD = 2


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A batch and what each teacher says of it.

    Attributes:
        batch: crops and labels.
        answers: float32[B, D] of unit length from each teacher.
    """

    batch: Batch
    answers: list[Any]


def lessons_from(
    config: TrainConfig, crops: CropSource, panel: Panel, skipped: Skipped, first: int
) -> Generator[Lesson, None, None]:
    """Endless lessons, beginning with batch `first`.

    On the host the teachers are asked in a thread of their own, while the student learns:
    side by side the two fill cores that neither fills alone.

    Raises:
        ConfigInvalid: there are fewer crops than a batch holds.
        DataInvalid: too many crops cannot be read.
    """
    if config.input.place == "device":
        resident = DeviceInput(crops, config.input, config.augment, skipped)
        with closing(resident.batches(first=first)) as source:
            for batch in source:
                yield Lesson(batch, panel.embed(batch))
        return
    with closing(
        batches(crops, config.input, config.augment, first=first, skipped=skipped)
    ) as source:
        yield from _asked_ahead(source, panel)


def learn_lesson(
    learner: Learner, lesson: Lesson, config: TrainConfig, step: int
) -> dict[str, float]:
    """One step, its draw of class centres decided by the seed and the step's number, from 0.

    Returns:
        See `Learner.learn`.
    """
    rng = np.random.default_rng((config.input.seed, 5, step))
    return learner.learn(lesson.batch.faces, lesson.batch.labels, lesson.answers, rng)


def _asked_ahead(source: Iterator[Batch], panel: Panel) -> Generator[Lesson, None, None]:
    def make() -> Lesson:
        batch = next(source)
        return Lesson(batch, panel.embed(batch))

    # A single thread: a generator has one caller at a time, and lessons keep their order.
    with ThreadPoolExecutor(1, thread_name_prefix="teacher") as pool:
        waiting = deque(pool.submit(make) for _ in range(AHEAD))
        try:
            while True:
                lesson = waiting.popleft().result()
                waiting.append(pool.submit(make))
                yield lesson
        finally:
            for future in waiting:
                future.cancel()
