"""AdaFace: hard samples matter in sharp images, and matter less in poor ones.

The length of an embedding before normalisation stands in for the image's
quality; where it lies among the lengths seen lately sets the sample's margin.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from keras import ops

from facenet_res.losses.margin import add_angle, check_margin_rad, check_scale
from facenet_res.losses.softmax import as_cosine, softmax_loss, true_cosine

NORM_MIN = 1e-3
NORM_MAX = 100.0
STDDEV_MIN = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaFaceConfig:
    """How the margin follows the quality.

    Attributes:
        margin: m, both an angle in radians and a cosine, in [0, pi/2).
        concentration: h, > 0; a norm 1/h standard deviations from the mean is the
            best or poorest quality that is told apart.
        ema_weight: t_alpha, the new batch's weight in the norm statistics, in [0, 1].
        scale: factor on the cosines, > 0.
    """

    margin: float = 0.4
    concentration: float = 0.333
    ema_weight: float = 0.01
    scale: float = 64.0

    def __post_init__(self) -> None:
        check_margin_rad(self.margin)
        check_scale(self.scale)
        if self.concentration <= 0:
            raise ValueError(f"concentration must be > 0, got {self.concentration}")
        if not 0 <= self.ema_weight <= 1:
            raise ValueError(f"ema_weight must be in [0, 1], got {self.ema_weight}")


class NormStatistics(NamedTuple):
    """Moving mean and standard deviation of the norms: float32 scalars, from the paper's start.

    A tuple, so that `tf.function`, JAX and PyTorch carry it through a step.
    """

    mean: Any = 20.0
    stddev: Any = 100.0


def adaface_loss(
    cosine: Any,
    labels: Any,
    norms: Any,
    statistics: NormStatistics,
    config: AdaFaceConfig | None = None,
) -> tuple[Any, NormStatistics]:
    """The loss of each sample, and the statistics for the next step.

    Args:
        cosine: float[B, C], unit embeddings times unit class centres.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
        norms: float[B], lengths of the embeddings before normalisation. No
            gradient flows through them: quality is read and not trained.
        statistics: of the step before; `NormStatistics()` at the first.
        config: None for the paper's numbers.

    Returns:
        float32[B], >= 0; and the statistics with this batch in them, which are
        also the ones that this batch was judged by.

    Source:
        Kim et al. 2022, arXiv:2204.00964, section 3, g_angle and g_add. As in the authors'
        code, norms are held within [0.001, 100] and an angle made smaller
        stops at 0; unlike it, an angle pushed past pi falls on ArcFace's tail
        and keeps its gradient. Samples without an identity enter the
        statistics, for they have a quality too.
    """
    config = config or AdaFaceConfig()
    cosine = as_cosine(cosine)
    norms = ops.stop_gradient(ops.clip(ops.cast(norms, "float32"), NORM_MIN, NORM_MAX))
    statistics = _updated(statistics, norms, config.ema_weight)
    deviation = (norms - statistics.mean) / (statistics.stddev + STDDEV_MIN)
    quality = ops.clip(deviation * config.concentration, -1.0, 1.0)
    target = add_angle(true_cosine(cosine, labels), -config.margin * quality)
    target = target - config.margin * (1.0 + quality)
    return softmax_loss(cosine, labels, target, config.scale), statistics


def _updated(statistics: NormStatistics, norms: Any, weight: float) -> NormStatistics:
    """Moves the statistics towards those of norms float32[B] by the weight."""
    mean = ops.mean(norms)
    # Bessel's correction as in the authors' code; a lone sample has a deviation of 0 and not NaN.
    freedom = ops.maximum(ops.cast(ops.size(norms), "float32") - 1.0, 1.0)
    stddev = ops.sqrt(ops.sum(ops.square(norms - mean)) / freedom)
    return NormStatistics(
        mean=weight * mean + (1.0 - weight) * statistics.mean,
        stddev=weight * stddev + (1.0 - weight) * statistics.stddev,
    )
