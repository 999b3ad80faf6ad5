"""What each part of the recipe is worth: losses, teachers, augmentations, schedule."""

from dataclasses import replace
from pathlib import Path

from experiments.study.small import STEPS, TEACHERS, small_config
from experiments.study.trial import Study, Trial
from facenet_res.core.artifact import default_artifact_dir
from facenet_res.core.model_names import WEIGHTS_NAME
from facenet_res.data.augment import AugmentConfig
from facenet_res.models.checkpoint import read_config
from facenet_res.train.config import TrainConfig
from facenet_res.train.loss_config import LossConfig

# Going on with trained weights asks for a lower rate than a start anew.
RATE = 5e-4
# The first teacher of the default weights.
REID = ("weights/face_reid_retail_0095.onnx",)
# dlib's network, which everybody may use but nobody gets without fetching it; seen from where the
# command is called.
DLIB = Path("runs/teachers/dlib.onnx")
QUESTION = f"""What is each part of the recipe worth? Losses and schedules are compared from fresh
weights. Augmentations, which cannot help before a crop has been seen twice, go on from the default
weights; all see {STEPS} batches of 64 crops where nothing else is said. No second seed
was run: a difference of a point or less decides nothing. The second teacher is dlib's ResNet, which
`facenet-res develop dlib` makes an ONNX file of; the cosine to the teacher is that to the first."""

LOSSES = (
    ("both", "ArcFace (0.01) and distillation", LossConfig(weight=0.01, distillation_weight=1.0)),
    ("distillation", "distillation alone", LossConfig(weight=0.0, distillation_weight=1.0)),
    ("arcface", "ArcFace alone", LossConfig()),
)
GOING_ON = "Augmentations, going on from the default weights"
MIXUP = 0.3
ONE_LESS = ("geometry", "colour", "grey", "blur", "low_resolution", "jpeg", "noise", "occlusion")


def study(smoke: bool) -> Study:
    """Losses, teachers, schedules of three lengths, and the augmentations left out one by one."""
    losses = (
        Trial(f"loss-{name}", "Losses", what, _with_loss(f"loss-{name}", loss, smoke))
        for name, what, loss in LOSSES
    )
    dlib = str(DLIB.absolute())
    teachers = (
        Trial(f"teachers-{name}", "Teachers", what, _taught(f"teachers-{name}", each, smoke), DLIB)
        for name, what, each in (
            ("two", "MobileFaceNet and dlib's ResNet, through a map", (*TEACHERS, dlib)),
            ("dlib", "dlib's ResNet instead of MobileFaceNet", (dlib,)),
        )
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
            GOING_ON,
            what.replace("_", " "),
            _going_on(f"augment-{name}", augment, smoke),
        )
        for name, what, augment in augments
    )
    mixed = _going_on("augment-mixup", plain, smoke)
    mixed = replace(mixed, input=replace(mixed.input, mixup=MIXUP))
    mixup = Trial(
        "augment-mixup", GOING_ON, f"all, and mixup of {100 * MIXUP:.0f} % of each batch", mixed
    )
    return Study(
        "What the recipe's parts are worth",
        QUESTION,
        (*losses, *teachers, *schedules, *going_on, mixup),
    )


def _with_loss(name: str, loss: LossConfig, smoke: bool) -> TrainConfig:
    config = small_config(name, smoke)
    return replace(config, loss=loss, teachers=config.teachers if loss.distillation_weight else ())


def _taught(name: str, teachers: tuple[str, ...], smoke: bool) -> TrainConfig:
    return replace(small_config(name, smoke), teachers=teachers)


def _going_on(name: str, augment: AugmentConfig, smoke: bool) -> TrainConfig:
    config = small_config(name, smoke)
    slow = replace(config.optimizer, learning_rate=RATE)
    model = read_config(default_artifact_dir() / WEIGHTS_NAME)
    return replace(
        config, start="default", model=model, teachers=REID, augment=augment, optimizer=slow
    )
