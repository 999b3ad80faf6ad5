"""Everything that decides a training run: one frozen dataclass, made by a recipe."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from facenet_res.core.errors import ConfigInvalid
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """What is minimised: arcface_weight * ArcFace + distillation_weight * (1 - cosine to teacher).

    Attributes:
        arcface_weight: 0 switches ArcFace off.
        margin_rad: ArcFace's angle, in radians.
        scale: ArcFace's factor on the cosines.
        distillation_weight: 0 switches the teacher off.
    """

    arcface_weight: float = 1.0
    margin_rad: float = 0.5
    scale: float = 64.0
    distillation_weight: float = 0.0

    def __post_init__(self) -> None:
        weights = (self.arcface_weight, self.distillation_weight)
        if min(weights) < 0 or max(weights) == 0:
            raise ConfigInvalid(f"need one loss weight above 0 and none below, got {weights}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """How weights follow the gradient.

    Attributes:
        name: "sgd" (momentum 0.9) or "adamw".
        learning_rate: at its peak, after the warm-up.
        weight_decay: for SGD added to the gradient of every weight (ArcFace's way), for AdamW
            decoupled.
        warmup_steps: steps of linear growth from 0.
        gradient_norm_max: gradients longer than this are shortened.
        ema: weight of the old value in the average of weights that is judged and saved; 0: off.
    """

    name: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    warmup_steps: int = 200
    gradient_norm_max: float = 5.0
    ema: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in ("sgd", "adamw"):
            raise ConfigInvalid(f"optimizer.name must be 'sgd' or 'adamw', got {self.name!r}")
        if self.learning_rate <= 0 or self.weight_decay < 0 or self.gradient_norm_max <= 0:
            raise ConfigInvalid(f"need positive learning rate and gradient norm, got {self}")
        if not 0 <= self.ema < 1:
            raise ConfigInvalid(f"optimizer.ema must be in [0, 1), got {self.ema}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """A run from the first step to the last.

    Attributes:
        name: of the run; part of the model id.
        crops: zip or folder of aligned crops; relative paths start at FACENET_RES_DATA.
        teacher: an ONNX embedding network of the same length; "" for none.
        model: the network.
        loss: what is minimised.
        optimizer: how.
        input: how batches are made.
        augment: what happens to a crop.
        steps: batches to learn from.
        precision: Keras dtype policy, "float32", "mixed_bfloat16" or "mixed_float16".
        held_out_identities: identities kept for validation.
        held_out_unlabelled: crops without identity kept for figures per group.
        crops_per_identity_min: of a held-out identity.
        validate_every: steps between two looks at the validation set.
        save_every_s: seconds between two checkpoints; a kill loses at most so much work.
    """

    name: str
    crops: str = "crops.zip"
    teacher: str = ""
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    input: InputConfig = field(default_factory=InputConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    steps: int = 10_000
    precision: str = "mixed_bfloat16"
    held_out_identities: int = 150
    held_out_unlabelled: int = 4000
    crops_per_identity_min: int = 10
    validate_every: int = 1000
    save_every_s: float = 60.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.validate_every < 1 or self.save_every_s <= 0:
            raise ConfigInvalid(
                f"need steps >= 1, validate_every >= 1, save_every_s > 0, got {self.steps}, "
                f"{self.validate_every}, {self.save_every_s}"
            )
        if self.loss.distillation_weight and not self.teacher:
            raise ConfigInvalid(
                f"distillation_weight is {self.loss.distillation_weight}, but no teacher is given"
            )

    def to_dict(self) -> dict[str, Any]:
        """The values as nested plain dictionaries, for JSON."""
        return asdict(self)
