"""The average of weights that a run keeps beside the weights that move."""

from typing import Any

import keras
import numpy as np

from facenet_res.train.learner import Learner
from facenet_res.train.optimizer import inner_optimizer


class averaged:  # noqa: N801 (reads as `with averaged(learner)`)
    """Swaps the averaged weights in for the length of a `with`, where the run keeps them."""

    def __init__(self, learner: Learner) -> None:
        """Remembers whose weights to swap."""
        self._learner = learner
        self._kept: list[Any] = []

    def __enter__(self) -> None:
        optimizer = inner_optimizer(self._learner.optimizer)
        if optimizer.use_ema and int(optimizer.iterations) > 0:
            variables = self._learner.trainable_variables
            self._kept = [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]
            optimizer.finalize_variable_values(variables)

    def __exit__(self, *reason: object) -> None:
        if self._kept:
            for variable, kept in zip(self._learner.trainable_variables, self._kept, strict=True):
                variable.assign(kept)
