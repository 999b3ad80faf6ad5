"""What a run and the search for its learning rate do alike: make a batch, and learn from it."""

from collections.abc import Generator

import numpy as np

from facenet_res.data.crops import CropSource
from facenet_res.data.device_input import DeviceInput
from facenet_res.data.input import Batch, batches
from facenet_res.data.skipped import Skipped
from facenet_res.train.config import TrainConfig
from facenet_res.train.learner import Learner
from facenet_res.train.teacher import Panel


def batches_from(
    config: TrainConfig, crops: CropSource, skipped: Skipped, first: int
) -> Generator[Batch, None, None]:
    """Endless batches where the config wants them, beginning with number `first`."""
    if config.input.place == "device":
        resident = DeviceInput(crops, config.input, config.augment, skipped)
        return resident.batches(first=first)
    return batches(crops, config.input, config.augment, first=first, skipped=skipped)


def learn_batch(
    learner: Learner, panel: Panel, batch: Batch, config: TrainConfig, step: int
) -> dict[str, float]:
    """One step, its draw of class centres decided by the seed and the step's number, from 0.

    Returns:
        See `Learner.learn`.
    """
    rng = np.random.default_rng((config.input.seed, 5, step))
    return learner.learn(batch.faces, batch.labels, panel.embed(batch), rng)
