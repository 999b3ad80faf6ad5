"""Batches with the teachers' embeddings, and one step on one of them."""

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
from facenet_res.train.teachers import Teachers

# One is learned from while the next is asked about; the second evens out a slow one.
AHEAD = 2


@dataclass(frozen=True, slots=True, eq=False)
class TaughtBatch:
    """A batch and what each teacher says of it.

    Attributes:
        batch: crops and labels.
        answers: float32[B, D] of unit length from each teacher.
    """

    batch: Batch
    answers: list[Any]


def taught_batches(
    config: TrainConfig, crops: CropSource, teachers: Teachers, skipped: Skipped, first: int
) -> Generator[TaughtBatch, None, None]:
    """Endless batches, beginning with batch `first`.

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
                yield TaughtBatch(batch, teachers.embed(batch))
        return
    with closing(
        batches(crops, config.input, config.augment, first=first, skipped=skipped)
    ) as source:
        yield from _asked_ahead(source, teachers)


def learn_batch(
    learner: Learner, taught: TaughtBatch, config: TrainConfig, step: int
) -> dict[str, float]:
    """One step, its draw of class centres decided by the seed and the step's number, from 0.

    Returns:
        See `Learner.learn`.
    """
    rng = np.random.default_rng((config.input.seed, 5, step))
    return learner.learn(taught.batch.faces, taught.batch.labels, taught.answers, rng)


def _asked_ahead(source: Iterator[Batch], teachers: Teachers) -> Generator[TaughtBatch, None, None]:
    def make() -> TaughtBatch:
        batch = next(source)
        return TaughtBatch(batch, teachers.embed(batch))

    # A single thread: a generator has one caller at a time, and batches keep their order.
    with ThreadPoolExecutor(1, thread_name_prefix="teacher") as pool:
        waiting = deque(pool.submit(make) for _ in range(AHEAD))
        try:
            while True:
                taught = waiting.popleft().result()
                waiting.append(pool.submit(make))
                yield taught
        finally:
            for future in waiting:
                future.cancel()
