"""The optimiser and its learning rate over time."""

import math
from typing import Any

import keras
from keras import ops

from facenet_res.train.optimizer_config import OptimizerConfig

MOMENTUM = 0.9


@keras.saving.register_keras_serializable(package="facenet_res")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Grows linearly from 0 to the peak, then falls to 0 at the last step.

    Source:
        Linear: arcface_torch's PolynomialLRWarmup with power 1. Cosine: Loshchilov and Hutter
        2016, arXiv:1608.03983, without restarts.
    """

    def __init__(self, peak: float, warmup_steps: int, steps: int, shape: str = "linear") -> None:
        """Sets the peak, the two spans in steps, and "linear" or "cosine"."""
        self.peak = peak
        self.warmup_steps = max(warmup_steps, 1)
        self.steps = max(steps, self.warmup_steps + 1)
        self.shape = shape

    def __call__(self, step: object) -> object:
        """The learning rate of a step, counted from 0."""
        now = ops.cast(step, "float32") + 1.0
        rising = now / self.warmup_steps
        left = (self.steps - now + 1.0) / (self.steps - self.warmup_steps)
        left = ops.clip(left, 0.0, 1.0)
        falling = left if self.shape == "linear" else 0.5 - 0.5 * ops.cos(math.pi * left)
        return self.peak * ops.clip(ops.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """What `__init__` takes, for Keras' serialisation."""
        names = ("peak", "warmup_steps", "steps", "shape")
        return {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable(package="facenet_res")
class Growth(keras.optimizers.schedules.LearningRateSchedule):
    """Grows by the same factor each step: what the search for a learning rate goes through."""

    def __init__(self, low: float, high: float, steps: int) -> None:
        """Sets the first and the last rate."""
        self.low, self.high, self.steps = low, high, steps

    def __call__(self, step: object) -> object:
        """The learning rate of a step, counted from 0."""
        share = ops.cast(step, "float32") / max(self.steps - 1, 1)
        return self.low * ops.exp(share * math.log(self.high / self.low))

    def get_config(self) -> dict[str, Any]:
        """What `__init__` takes, for Keras' serialisation."""
        return {"low": self.low, "high": self.high, "steps": self.steps}


def make_optimizer(
    config: OptimizerConfig, steps: int, rate: Any | None = None
) -> keras.optimizers.Optimizer:
    """The optimiser of a run of `steps` steps; `rate` replaces the config's learning rate."""
    peak, warmup = config.learning_rate, config.warmup_steps
    common = {
        "learning_rate": rate or WarmupDecay(peak, warmup, steps, config.schedule),
        "global_clipnorm": config.gradient_norm_max,
        "gradient_accumulation_steps": config.accumulate if config.accumulate > 1 else None,
        "use_ema": config.ema > 0,
        "ema_momentum": config.ema or 0.99,
        # Never overwritten: the loop reads the average when it judges or saves.
        "ema_overwrite_frequency": None,
    }
    if config.name == "adamw":
        return keras.optimizers.AdamW(weight_decay=config.weight_decay, **common)
    return _sgd_class()(config.weight_decay, momentum=MOMENTUM, **common)


def _sgd_class() -> Any:
    """SGD that adds the decay to the gradient, after clipping and before the momentum.

    Keras' own `weight_decay` shrinks the weights beside the momentum, which with a momentum of 0.9
    is a tenth of what PyTorch's does, for which the published recipes' numbers are meant.
    """
    # PyTorch's backend puts a subclass of its own, which updates all weights at a time, in place of
    # the exact class `SGD` only: that one is asked for.
    base: Any = type(keras.optimizers.SGD())

    class CoupledSGD(base):
        def __init__(self, decay: float, **options: Any) -> None:
            super().__init__(**options)
            self._decay = decay

        def _backend_update_step(self, grads: Any, trainable_variables: Any, rate: Any) -> None:
            weights = [ops.stop_gradient(each.value) for each in trainable_variables]
            pairs = zip(grads, weights, strict=True)
            decayed = [grad + self._decay * weight for grad, weight in pairs]
            super()._backend_update_step(decayed, trainable_variables, rate)

    return CoupledSGD


def inner_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimiser that moves the weights; in float16 Keras wraps it to scale the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)
