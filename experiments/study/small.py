"""What all trials of our studies share."""

from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

TEACHERS = ("weights/mobilefacenet_ms1m_arcface.onnx",)
DIM = 128
BATCH = 64
# What two cores do in a minute or two.
STEPS = 100


def small_config(name: str, smoke: bool, *, steps: int = STEPS) -> TrainConfig:
    """The default recipe in small: an IResNet-18 of width 0.25, distilled beside ArcFace, anew.

    Args:
        name: of the run.
        smoke: two steps instead.
        steps: batches of 64 crops.
    """
    count = 2 if smoke else steps
    return TrainConfig(
        name=name,
        teachers=TEACHERS,
        model=ModelConfig(depth=18, width=0.25, stem="half", embedding_dim=DIM),
        loss=LossConfig(weight=0.01, distillation_weight=1.0),
        optimizer=OptimizerConfig(
            name="adamw", learning_rate=2.5e-3, weight_decay=0.02, warmup_steps=max(1, count // 5)
        ),
        input=InputConfig(batch_size=BATCH),
        augment=AugmentConfig(strength=0.6),
        steps=count,
        precision="float32",
        validate_every=count,
    )
