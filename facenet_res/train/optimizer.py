"""The optimiser and its learning rate over time."""

import keras
from keras import ops

from facenet_res.train.config import OptimizerConfig

MOMENTUM = 0.9


@keras.saving.register_keras_serializable(package="facenet_res")
class WarmupLinear(keras.optimizers.schedules.LearningRateSchedule):
    """Grows linearly from 0 to the peak, then falls linearly to 0 at the last step.

    Source:
        arcface_torch's PolynomialLRWarmup with power 1.
    """

    def __init__(self, peak: float, warmup_steps: int, steps: int) -> None:
        """Sets the peak and the two slopes, both in steps."""
        self.peak = peak
        self.warmup_steps = max(warmup_steps, 1)
        self.steps = max(steps, self.warmup_steps + 1)

    def __call__(self, step: object) -> object:
        """The learning rate of a step, counted from 0."""
        now = ops.cast(step, "float32") + 1.0
        rising = now / self.warmup_steps
        falling = (self.steps - now + 1.0) / (self.steps - self.warmup_steps)
        return self.peak * ops.clip(ops.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        """Peak and slopes, for Keras' serialisation."""
        return {"peak": self.peak, "warmup_steps": self.warmup_steps, "steps": self.steps}


def make_optimizer(config: OptimizerConfig, steps: int) -> keras.optimizers.Optimizer:
    """The optimiser of a run of `steps` steps."""
    rate = WarmupLinear(config.learning_rate, config.warmup_steps, steps)
    common = {
        "learning_rate": rate,
        "global_clipnorm": config.gradient_norm_max,
        "use_ema": config.ema > 0,
        "ema_momentum": config.ema or 0.99,
        # Never overwritten: the loop reads the average when it judges or saves.
        "ema_overwrite_frequency": None,
    }
    if config.name == "adamw":
        return keras.optimizers.AdamW(weight_decay=config.weight_decay, **common)
    return keras.optimizers.SGD(momentum=MOMENTUM, weight_decay=config.weight_decay, **common)
