"""How weights follow the gradient."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from facenet_res.core.errors import ConfigInvalid

Optimizer = Literal["sgd", "adamw"]
Schedule = Literal["linear", "cosine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """The optimiser, its learning rate over time, and the average of weights.

    Attributes:
        name: "sgd" (momentum 0.9) or "adamw".
        learning_rate: at its peak, after the warm-up.
        schedule: how it falls to 0 by the last step: "linear" (ArcFace's) or "cosine".
        weight_decay: for SGD added to the gradient of every weight (ArcFace's way), for AdamW
            decoupled.
        warmup_steps: steps of linear growth from 0.
        gradient_norm_max: gradients longer than this are shortened.
        accumulate: batches whose gradients are averaged before the weights move; the batch is
            then `accumulate` times as large, and its memory is not. Steps count batches.
        ema: weight of the old value in the average of weights that is judged and saved; 0: off.

    Raises:
        ConfigInvalid: a value lies outside its range.
    """

    name: Optimizer = "sgd"
    learning_rate: float = 0.1
    schedule: Schedule = "linear"
    weight_decay: float = 5e-4
    warmup_steps: int = 200
    gradient_norm_max: float = 5.0
    accumulate: int = 1
    ema: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("name", get_args(Optimizer)), ("schedule", get_args(Schedule))):
            if getattr(self, name) not in allowed:
                raise ConfigInvalid(
                    f"optimizer.{name} must be in {allowed}, got {getattr(self, name)!r}"
                )
        rates = (self.learning_rate, self.weight_decay, self.gradient_norm_max)
        if not all(map(math.isfinite, rates)) or min(rates) < 0 or 0 in (rates[0], rates[2]):
            raise ConfigInvalid(
                "need a positive learning rate and gradient norm, a weight decay >= 0, and all "
                f"of them finite, got {self}"
            )
        if not 0 <= self.ema < 1:
            raise ConfigInvalid(f"optimizer.ema must be in [0, 1), got {self.ema}")
        if self.accumulate < 1 or self.warmup_steps < 0:
            raise ConfigInvalid(
                f"need optimizer.accumulate >= 1 and warmup_steps >= 0, got {self.accumulate}, "
                f"{self.warmup_steps}"
            )
