"""The search for a learning rate: let it grow until the loss breaks, and look where it fell best.

Source:
    Smith 2015, arXiv:1506.01186, section 3.3, with the exponential growth and the smoothing of
    fastai's `lr_find`.
"""

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from facenet_res.core.errors import ArgumentInvalid, TrainingDiverged
from facenet_res.data.crops import CropSource
from facenet_res.data.skipped import Skipped
from facenet_res.evaluation.plots import Axes, Curve, curve_svg
from facenet_res.train.batch_steps import learn_batch, taught_batches
from facenet_res.train.config import TrainConfig
from facenet_res.train.optimizer import Growth
from facenet_res.train.prepare import prepare

SMOOTHING = 0.9
BROKEN_FACTOR = 4.0
STEPS_MIN = 10


@dataclass(frozen=True, slots=True)
class RateSearch:
    """What was seen.

    Attributes:
        rates: the learning rate of each step.
        losses: the smoothed loss of each.
        suggested: the rate at which the smoothed loss fell fastest, a rate to peak at.
        has_broken: whether the loss broke before the last rate; if not, look further up.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggested: float
    has_broken: bool


def find_rate(
    config: TrainConfig,
    crops: CropSource,
    *,
    low: float = 1e-5,
    high: float = 1.0,
    steps: int = 100,
    on_step: Callable[[int], None] = lambda _: None,
) -> RateSearch:
    """Trains the config's network for some steps from its start, the rate growing.

    Args:
        config: the run that the rate is for; nothing of it is written.
        crops: the whole set.
        low: first rate.
        high: last rate, if the loss lasts.
        steps: at least 10.
        on_step: called with the steps done.

    Raises:
        ArgumentInvalid: low, high or steps are out of range.
        TrainingDiverged: the loss was no number from the first steps on.
    """
    if not 0 < low < high or steps < STEPS_MIN:
        raise ArgumentInvalid(
            f"need 0 < low < high and steps >= {STEPS_MIN}, got {low}, {high}, {steps}"
        )
    skipped = Skipped(len(crops))
    prepared = prepare(config, crops, skipped, rate=Growth(low, high, steps))
    rates: list[float] = []
    losses: list[float] = []
    smoothed = 0.0
    source = taught_batches(config, prepared.split.train, prepared.teachers, skipped, first=0)
    with closing(source):
        for step, taught in enumerate(islice(source, steps)):
            prepared.learner.reset_metrics()
            means = learn_batch(prepared.learner, taught, config, step)
            smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * means["loss"]
            # The mean of so few would lean toward 0, where it began.
            loss = smoothed / (1 - SMOOTHING ** (step + 1))
            if not math.isfinite(loss) or (losses and loss > BROKEN_FACTOR * min(losses)):
                break
            rates.append(low * (high / low) ** (step / (steps - 1)))
            losses.append(loss)
            on_step(step + 1)
    if len(losses) < STEPS_MIN:
        raise TrainingDiverged(
            f"the loss broke after {len(losses)} steps at a rate of {low:g}; begin lower"
        )
    return RateSearch(tuple(rates), tuple(losses), _steepest(rates, losses), len(losses) < steps)


def rate_plot(search: RateSearch) -> str:
    """Loss over learning rate, as an `<svg>`."""
    axes = Axes(
        title=f"Suggested: {search.suggested:.2g}",
        x="learning rate",
        y="loss, smoothed",
        x_scale="log",
    )
    return curve_svg(axes, [Curve("", np.asarray(search.rates), np.asarray(search.losses))])


def _steepest(rates: list[float], losses: list[float]) -> float:
    """The rate of the steepest fall before the least loss."""
    end = max(int(np.argmin(losses)) + 1, 3)
    slopes = np.gradient(np.asarray(losses[:end]), np.log(rates[:end]))
    return float(rates[int(np.argmin(slopes))])
