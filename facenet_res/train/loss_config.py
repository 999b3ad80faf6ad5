"""What is minimised: a margin loss over identities, a teacher, or both."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from facenet_res.core.errors import ConfigInvalid

Loss = Literal["arcface", "cosface", "combined", "adaface", "magface", "curricularface", "triplet"]
SUBCENTRES_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """weight * margin loss + distillation_weight * (1 - cosine to each teacher).

    Attributes:
        name: the margin loss; "triplet" has no class centres and is a baseline.
        weight: of the margin loss; 0 switches it off.
        margin_rad: the angle of ArcFace, combined (m2) and CurricularFace, and AdaFace's m (0.4 in
            its paper), in radians, in [0, pi/2). MagFace has its own line from 0.45 to 0.8.
        cosine_margin: of CosFace (0.4 in its paper), combined (m3), and the triplet's lead.
        angle_factor: m1 of combined.
        scale: factor on the cosines, s.
        subcentres: centres of each class, 1 to 16; 3 for labels with noise. Not for "triplet".
        centre_share: share of the class centres in each step (Partial FC), in (0, 1]; 0.1 for
            hundreds of thousands of identities.
        distillation_weight: of the teachers; 0 switches them off.
        teacher_weights: of each teacher's distance in their weighted mean; () weighs them alike.

    Raises:
        ConfigInvalid: a value lies outside its range, or two do not go together.
    """

    name: Loss = "arcface"
    weight: float = 1.0
    margin_rad: float = 0.5
    cosine_margin: float = 0.4
    angle_factor: float = 1.0
    scale: float = 64.0
    subcentres: int = 1
    centre_share: float = 1.0
    distillation_weight: float = 0.0
    teacher_weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        weights = (self.weight, self.distillation_weight)
        if min(weights) < 0 or max(weights) == 0 or not all(map(math.isfinite, weights)):
            raise ConfigInvalid(f"need one loss weight above 0 and none below, got {weights}")
        if not all(0 < each < math.inf for each in self.teacher_weights):
            raise ConfigInvalid(f"loss.teacher_weights must be > 0, got {self.teacher_weights}")
        checks = (
            ("name", self.name, self.name in get_args(Loss), get_args(Loss)),
            ("margin_rad", self.margin_rad, 0 <= self.margin_rad < 1.57, "[0, pi/2)"),
            ("cosine_margin", self.cosine_margin, 0 <= self.cosine_margin < 2, "[0, 2)"),
            ("angle_factor", self.angle_factor, 0 < self.angle_factor <= 8, "(0, 8]"),
            ("scale", self.scale, 0 < self.scale < math.inf, "(0, infinity)"),
            ("subcentres", self.subcentres, 1 <= self.subcentres <= SUBCENTRES_MAX, "1 to 16"),
            ("centre_share", self.centre_share, 0 < self.centre_share <= 1, "(0, 1]"),
        )
        for name, value, is_valid, allowed in checks:
            if not is_valid:
                raise ConfigInvalid(f"loss.{name} must be in {allowed}, got {value!r}")
        if self.name == "triplet" and (self.subcentres > 1 or self.centre_share < 1):
            raise ConfigInvalid(
                "loss.name 'triplet' has no class centres: subcentres and centre_share stay 1, "
                f"got {self.subcentres} and {self.centre_share}"
            )
        if self.name == "triplet" and self.cosine_margin == 0:
            raise ConfigInvalid("loss.cosine_margin must be above 0 for 'triplet', got 0.0")
