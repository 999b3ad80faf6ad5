"""What each part of the default recipe is worth: start, loss, teachers, data, augmentation."""

from dataclasses import replace
from typing import Any

from experiments.study.trial import Study, Trial
from facenet_res.data.augment import AugmentConfig
from facenet_res.train.config import TrainConfig
from facenet_res.train.recipe import load_recipe

STEPS = 200
MOBILEFACENET = "weights/mobilefacenet_ms1m_arcface.onnx"
QUESTION = f"""What is each part of the default recipe worth? Every trial is the recipe of the
default weights with one thing changed, {STEPS} batches of 96 crops on a schedule that ends there.
No second seed was run: a difference of a point or less decides nothing. The cosine to the teacher
is that to the first."""


def study(smoke: bool) -> Study:
    """The recipe, and each of its parts left out or replaced."""
    recipe = load_recipe("default", smoke=smoke)
    steps = recipe.steps if smoke else STEPS
    optimizer = replace(recipe.optimizer, warmup_steps=min(recipe.optimizer.warmup_steps, steps))
    base = replace(recipe, steps=steps, validate_every=steps, optimizer=optimizer)
    reid, dlib = base.teachers
    # dlib's network and MobileFaceNet have 128 values: the embedding lies in the teacher's space.
    short = replace(base.model, embedding_dim=128)
    alone = replace(base.loss, teacher_weights=(1.0,))
    changed: tuple[tuple[str, str, TrainConfig], ...] = (
        ("Start", "fresh weights", replace(base, start="", adapt_start=False)),
        # The head begins in a teacher's space, so one is there; its weight here is next to nothing.
        ("Loss", "ArcFace, distillation x 0.001", _with_loss(base, distillation_weight=1e-3)),
        ("Loss", "distillation alone", _with_loss(base, weight=0.0)),
        ("Loss", "ArcFace ten times as heavy", _with_loss(base, weight=10 * base.loss.weight)),
        ("Teachers", "the first alone", replace(base, teachers=(reid,), loss=alone)),
        (
            "Teachers",
            "dlib's network alone",
            replace(base, teachers=(dlib,), loss=alone, model=short),
        ),
        (
            "Teachers",
            "MobileFaceNet alone",
            replace(base, teachers=(MOBILEFACENET,), loss=alone, model=short),
        ),
        ("Data", "the first set of crops alone", replace(base, more_crops=())),
        ("Augmentation", "a mirror image alone", _with_strength(base, 0.0)),
        ("Augmentation", "half as often", _with_strength(base, 0.5)),
        ("Augmentation", "that of the earlier recipes", replace(base, augment=AugmentConfig())),
    )
    trials = [Trial("recipe", "The recipe", "as it is", base)]
    for number, (group, what, config) in enumerate(changed, start=1):
        trials.append(Trial(f"recipe-{number:02d}", group, what, config))
    return Study("What the default recipe's parts are worth", QUESTION, tuple(trials))


def _with_loss(base: TrainConfig, **weights: Any) -> TrainConfig:
    return replace(base, loss=replace(base.loss, **weights))


def _with_strength(base: TrainConfig, times: float) -> TrainConfig:
    augment = replace(base.augment, strength=times * base.augment.strength)
    return replace(base, augment=augment)
