"""The present default weights: goes on with those of `first`, for another 0.28 million crops.

The run that made them was lengthened as time allowed: its rate fell as if for 2,000 steps up to
step 1,350, for 5,200 up to 2,450, for 4,400 from there. Run at once, it ends with other weights.
"""

from pathlib import Path

from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

FIRST = Path("runs/first/weights.safetensors")


def config(smoke: bool) -> TrainConfig:
    """What two cores do in an hour and a half."""
    return TrainConfig(
        name="iresnet18-w025",
        start=str(FIRST.absolute()),
        teachers=("weights/mobilefacenet_ms1m_arcface.onnx",),
        model=ModelConfig(depth=18, width=0.25, stem="half", head="flatten", embedding_dim=128),
        loss=LossConfig(weight=0.01, distillation_weight=1.0),
        optimizer=OptimizerConfig(
            name="adamw", learning_rate=2.5e-3, weight_decay=0.02, warmup_steps=100, ema=0.998
        ),
        input=InputConfig(batch_size=64, views=3),
        augment=AugmentConfig(
            geometry=0.5,
            rotation_deg_max=8.0,
            scale_max=0.08,
            shift_px_max=3.0,
            colour=0.4,
            grey=0.05,
            blur=0.08,
            low_resolution=0.1,
            jpeg=0.1,
            noise=0.05,
            occlusion=0.08,
        ),
        steps=20 if smoke else 4_400,
        precision="float32",
        validate_every=10 if smoke else 400,
    )
