"""CurricularFace: easy rivals first, hard rivals more and more as training succeeds."""

from dataclasses import dataclass
from typing import Any

from keras import ops

from facenet_res.losses.margin import angular_margin, check_margin_rad, check_scale
from facenet_res.losses.softmax import as_cosine, softmax_loss, true_cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class CurricularFaceConfig:
    """The margin, and how fast the curriculum follows the training.

    Attributes:
        margin_rad: angle in radians added to the true class, in [0, pi/2).
        ema_weight: the new batch's weight in the progress, in [0, 1].
        scale: factor on the cosines, > 0.
    """

    margin_rad: float = 0.5
    ema_weight: float = 0.01
    scale: float = 64.0

    def __post_init__(self) -> None:
        check_margin_rad(self.margin_rad)
        check_scale(self.scale)
        if not 0 <= self.ema_weight <= 1:
            raise ValueError(f"ema_weight must be in [0, 1], got {self.ema_weight}")


def curricularface_loss(
    cosine: Any, labels: Any, progress: Any, config: CurricularFaceConfig | None = None
) -> tuple[Any, Any]:
    """The loss of each sample, and the progress for the next step.

    A rival nearer than the true class with its margin is hard; its cosine c
    counts as c * (progress + c). Early on that is less than c, later more.

    Args:
        cosine: float[B, C], unit embeddings times unit class centres.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
        progress: float32 scalar, t of the step before; 0 at the first.
        config: None for the paper's numbers.

    Returns:
        float32[B], >= 0; and the progress with this batch in it, a moving mean
        of the true cosines, which is also the one this batch was judged by.

        The loss grows with the angle but for one place: while progress + c < 1,
        it falls by a step where a rival with c > 0 turns hard. That is the
        curriculum, as published.

    Source:
        Huang et al. 2020, arXiv:2004.00288, section 3, with the tail of the
        authors' code. What is hard is judged against the tail too, and not, as
        there, against the cosine that turns upward again past pi - m. Samples
        without an identity do not enter the progress.
    """
    config = config or CurricularFaceConfig()
    cosine = as_cosine(cosine)
    true = true_cosine(cosine, labels)
    progress = _updated(progress, ops.stop_gradient(true), labels, config.ema_weight)
    target = angular_margin(true, config.margin_rad)
    is_hard = cosine > ops.expand_dims(target, -1)
    rivals = ops.where(is_hard, cosine * (progress + cosine), cosine)
    return softmax_loss(rivals, labels, target, config.scale), progress


def _updated(progress: Any, true: Any, labels: Any, weight: float) -> Any:
    """Moves the progress towards the mean of true float32[B]; stays where no one has a label."""
    labelled = ops.sum(ops.cast(ops.cast(labels, "int32") >= 0, "float32"))
    # A sample without an identity has a true cosine of 0, so the sum is that of the others.
    mean = ops.sum(true) / ops.maximum(labelled, 1.0)
    return ops.where(labelled > 0, weight * mean + (1.0 - weight) * progress, progress)
