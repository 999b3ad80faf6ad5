"""The default weights: goes on with them on a CPU, trains a larger network anew on a GPU.

The present ones are the fourth: the CPU's part with `--set steps=5400 --set input.seed=1`, gone on
from the third, and those the same with `--set steps=5800` from the second.

The CPU's part was run (the model card says how far); the GPU's part was not, but for its miniature.
"""

import shutil

from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

TEACHERS = ("weights/mobilefacenet_ms1m_arcface.onnx",)
# 128 numbers, as the teacher has: the student's space is then the teacher's own.
DIM = 128


def config(smoke: bool) -> TrainConfig:
    """By what the machine has, and what Keras' backend can use of it."""
    # The driver's tool tells that there is no GPU without loading a framework.
    return on_gpu(smoke) if shutil.which("nvidia-smi") and _has_gpu() else on_cpu(smoke)


def _has_gpu() -> bool:
    from facenet_res.train.devices import has_gpu  # noqa: PLC0415 (loads Keras)

    return has_gpu()


def on_cpu(smoke: bool) -> TrainConfig:
    """From the weights in the package, some 200,000 crops further: an hour or two of two cores."""
    return TrainConfig(
        name="iresnet18-w025",
        start="default",
        teachers=TEACHERS,
        model=ModelConfig(depth=18, width=0.25, stem="half", embedding_dim=DIM),
        loss=LossConfig(weight=0.01, distillation_weight=1.0),
        optimizer=OptimizerConfig(
            name="adamw", learning_rate=2.5e-3, weight_decay=0.02, warmup_steps=100, ema=0.998
        ),
        # A teacher costs a third of a step here: it is asked once about each of three views.
        input=InputConfig(batch_size=64, views=3),
        augment=AugmentConfig(strength=0.6),
        steps=20 if smoke else 3_200,
        # A CPU without AVX512-BF16 computes bfloat16 many times slower than float32.
        precision="float32",
        validate_every=10 if smoke else 400,
    )


def on_gpu(smoke: bool) -> TrainConfig:
    """Anew, 200 looks at each crop, everything on the device: the patient teacher's way."""
    return TrainConfig(
        name="iresnet34-w05",
        teachers=TEACHERS,
        model=ModelConfig(
            depth=18 if smoke else 34, width=0.25 if smoke else 0.5, stem="half", embedding_dim=DIM
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
