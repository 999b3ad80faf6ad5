"""MagFace: the length of the embedding becomes a measure of the face's quality.

A longer embedding bears a larger margin, and a regulariser rewards length: who
can be told apart easily grows long, who cannot stays short.
"""

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from facenet_res.losses.margin import add_angle, check_scale
from facenet_res.losses.softmax import as_cosine, softmax_loss, true_cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class MagFaceConfig:
    """The straight line from norm to margin, and the pull on the norm.

    Attributes:
        norm_min: l_a; shorter embeddings count as this; > 0.
        norm_max: u_a; longer ones count as this; > norm_min.
        margin_rad_min: l_m, angle in radians at norm_min, in [0, margin_rad_max].
        margin_rad_max: u_m, angle in radians at norm_max, below pi/2.
        regulariser_weight: lambda_g, >= 0.
        scale: factor on the cosines, > 0.
    """

    norm_min: float = 10.0
    norm_max: float = 110.0
    margin_rad_min: float = 0.45
    margin_rad_max: float = 0.8
    regulariser_weight: float = 35.0
    scale: float = 64.0

    def __post_init__(self) -> None:
        check_scale(self.scale)
        if not 0 < self.norm_min < self.norm_max < math.inf:
            raise ValueError(f"need 0 < norm_min < norm_max, got {self.norm_min}, {self.norm_max}")
        if not 0 <= self.margin_rad_min <= self.margin_rad_max < math.pi / 2:
            raise ValueError(
                "need 0 <= margin_rad_min <= margin_rad_max < pi/2, "
                f"got {self.margin_rad_min}, {self.margin_rad_max}"
            )
        if not 0 <= self.regulariser_weight < math.inf:
            raise ValueError(f"regulariser_weight must be >= 0, got {self.regulariser_weight}")


def magface_loss(cosine: Any, labels: Any, norms: Any, config: MagFaceConfig | None = None) -> Any:
    """The loss of each sample, its regulariser included.

    Args:
        cosine: float[B, C], unit embeddings times unit class centres.
        labels: int32[B], the true class in [0, C); below 0 gives a loss of 0.
        norms: float[B], lengths of the embeddings before normalisation. The
            gradient flows through them, and is 0 outside norm_min..norm_max.
        config: None for the paper's numbers.

    Returns:
        float32[B], > 0 for samples with an identity.

    Source:
        Meng et al. 2021, arXiv:2103.06627, section 3, with the linear m(a)
        and the regulariser g(a) = 1/a + a/u_a^2 of the authors' code. The tail past
        theta = pi - m is ArcFace's; theirs takes nothing off there.
    """
    config = config or MagFaceConfig()
    cosine = as_cosine(cosine)
    norms = ops.clip(ops.cast(norms, "float32"), config.norm_min, config.norm_max)
    slope = (config.margin_rad_max - config.margin_rad_min) / (config.norm_max - config.norm_min)
    margin_rad = config.margin_rad_min + slope * (norms - config.norm_min)
    target = add_angle(true_cosine(cosine, labels), margin_rad)
    regulariser = 1.0 / norms + norms / config.norm_max**2
    losses = softmax_loss(cosine, labels, target, config.scale)
    pull = ops.where(ops.cast(labels, "int32") >= 0, regulariser, 0.0)
    return losses + config.regulariser_weight * pull
