"""A larger network than the default one, from fresh weights on a GPU: 200 epochs on the device.

In half precision it is a file of 19 MB. Not run, but for its miniature: no GPU was at hand.
"""

from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

DIM = 256


def config(smoke: bool) -> TrainConfig:
    """IResNet-50 of width 0.5, distilled on the same augmented view ("patient teacher")."""
    return TrainConfig(
        name="iresnet50-w05",
        teachers=("weights/face_reid_retail_0095.onnx",),
        model=ModelConfig(
            depth=18 if smoke else 50, width=0.25 if smoke else 0.5, stem="half", embedding_dim=DIM
        ),
        loss=LossConfig(weight=0.01, distillation_weight=1.0),
        optimizer=OptimizerConfig(
            name="adamw",
            learning_rate=4e-3,
            schedule="cosine",
            weight_decay=0.05,
            warmup_steps=2 if smoke else 500,
            ema=0.9 if smoke else 0.999,
        ),
        input=InputConfig(batch_size=64 if smoke else 1024, mixup=0.3, place="device"),
        augment=AugmentConfig(strength=1.0),
        steps=4 if smoke else 8_500,
        precision="float32" if smoke else "mixed_bfloat16",
        validate_every=2 if smoke else 500,
    )
