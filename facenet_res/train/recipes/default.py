"""The default weights: dlib's network, taught by a stronger one beside ArcFace.

The trunk begins with dlib's weights (CC0; extra `dlib`), the head in the teacher's own space. The
present weights are 6,400 steps of it: `--set steps=1850` up to step 1,695, from there on
`--set steps=2200 --set augment.strength=0.4 --set optimizer.ema=0.995
--set optimizer.learning_rate=4e-4`, and at the end `--set steps=6400 --set augment.strength=0.5
--set optimizer.ema=0.997` at that rate. To go on from them: `--set start=default
--set adapt_start=false`.
"""

from dataclasses import replace

from facenet_res.core import machine
from facenet_res.data.augment import AugmentConfig
from facenet_res.data.input import InputConfig
from facenet_res.models.config import ModelConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.optimizer_config import OptimizerConfig

# The first teacher's space is the student's own. dlib's keeps what the start knew of faces that
# are not in these sets.
TEACHERS = ("weights/face_reid_retail_0095.onnx", "dlib-resnet")
DIM = 256
STRONG = AugmentConfig(
    rotation_deg_max=20.0,
    scale_max=0.15,
    shift_px_max=6.0,
    geometry=0.7,
    colour=0.7,
    grey=0.15,
    blur=0.2,
    low_resolution=0.25,
    jpeg=0.25,
    noise=0.15,
    occlusion=0.2,
)


def config(smoke: bool) -> TrainConfig:
    """About 290,000 crops: an hour of two cores with AVX512-BF16."""
    full = TrainConfig(
        name="dlib-resnet29",
        more_crops=("crops_more.zip",),
        start="dlib-resnet",
        adapt_start=True,
        teachers=TEACHERS,
        model=ModelConfig(family="dlib_resnet", depth=29, head="gap", embedding_dim=DIM),
        loss=LossConfig(
            weight=0.05,
            margin_rad=0.4,
            distillation_weight=2.5,
            teacher_weights=(2.0, 0.5),
        ),
        optimizer=OptimizerConfig(
            name="adamw",
            learning_rate=2e-4,
            schedule="cosine",
            weight_decay=0.01,
            warmup_steps=100,
            ema=0.998,
        ),
        # A teacher asked once about each crop and its mirror image costs little.
        input=InputConfig(batch_size=96, class_crops_min=3, teacher_view="plain"),
        augment=STRONG,
        steps=3_000,
        # A CPU without AVX512-BF16 computes bfloat16 many times slower than float32.
        precision="mixed_bfloat16" if machine.has_bf16() else "float32",
        statistics_crops=1024,
        validate_every=300,
        save_every_s=120.0,
    )
    if not smoke:
        return full
    return replace(full, steps=20, validate_every=10, input=replace(full.input, batch_size=32))
