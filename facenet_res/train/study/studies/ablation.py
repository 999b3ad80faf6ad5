"""What each part of the recipe is worth: losses, augmentations, schedule."""

from dataclasses import replace

from facenet_res.data.augment import AugmentConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.study.small import STEPS, small_config
from facenet_res.train.study.trial import Study, Trial

# Going on with trained weights asks for a lower rate than a start anew.
RATE = 5e-4
QUESTION = f"""What is each part of the recipe worth? Losses and schedules are compared from fresh
weights. Augmentations, which cannot help before a crop has been seen twice, go on from the default
weights; all see {STEPS} batches of 64 crops where nothing else is said. Differences below a point
are within the noise of one seed. Only one teacher was tried: dlib's ResNet is no ONNX file."""

LOSSES = (
    ("both", "ArcFace (0.01) and distillation", LossConfig(weight=0.01, distillation_weight=1.0)),
    ("distillation", "distillation alone", LossConfig(weight=0.0, distillation_weight=1.0)),
    ("arcface", "ArcFace alone", LossConfig()),
)
ONE_LESS = ("geometry", "colour", "grey", "blur", "low_resolution", "jpeg", "noise", "occlusion")


def study(smoke: bool) -> Study:
    """Three losses, schedules of three lengths, and the augmentations left out one by one."""
    losses = (
        Trial(f"loss-{name}", "Losses", what, _with_loss(f"loss-{name}", loss, smoke))
        for name, what, loss in LOSSES
    )
    schedules = (
        Trial(
            f"steps-{steps}",
            "Length of the schedule",
            f"{steps} steps",
            small_config(f"steps-{steps}", smoke, steps=steps),
        )
        for steps in (STEPS // 2, 2 * STEPS)
    )
    plain = AugmentConfig(strength=0.6)
    augments = (
        ("all", "all augmentations, strength 0.6", plain),
        ("none", "a mirror image and nothing else", replace(plain, strength=0.0)),
        ("strong", "all, strength 1", replace(plain, strength=1.0)),
        *((f"no-{name}", f"without {name}", replace(plain, **{name: 0.0})) for name in ONE_LESS),
    )
    going_on = (
        Trial(
            f"augment-{name.replace('_', '-')}",
            "Augmentations, going on from the default weights",
            what.replace("_", " "),
            _going_on(f"augment-{name}", augment, smoke),
        )
        for name, what, augment in augments
    )
    return Study("What the recipe's parts are worth", QUESTION, (*losses, *schedules, *going_on))


def _with_loss(name: str, loss: LossConfig, smoke: bool) -> TrainConfig:
    config = small_config(name, smoke)
    return replace(config, loss=loss, teachers=config.teachers if loss.distillation_weight else ())


def _going_on(name: str, augment: AugmentConfig, smoke: bool) -> TrainConfig:
    config = small_config(name, smoke)
    slow = replace(config.optimizer, learning_rate=RATE)
    return replace(config, start="default", augment=augment, optimizer=slow)
