"""Image classification: fine-tunes a network that was trained for faces on a folder per class.

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python -m examples.fine_tuning

The task is the age of a face in four bands (UTKFace). The default model's network gets a fresh head
and is trained as a whole; the same network with fresh weights is trained beside it for as many
steps. `facenet_res.convert.classic_resnet` reads published ImageNet weights, to begin from instead.
"""

import dataclasses
import datetime
import itertools
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from examples.command import recorded, run_example
from facenet_res.cli.console import note, print_table, stages
from facenet_res.core.files import make_folder
from facenet_res.core.machine import machine_text
from facenet_res.core.model_names import WEIGHTS_NAME, model_folder
from facenet_res.core.progress import Tell
from facenet_res.data.crops import open_crops
from facenet_res.data.image_augment import ImageAugmentConfig, augment_images
from facenet_res.data.labelled_images import LabelledImages, read_class_folders
from facenet_res.data.location import data_path
from facenet_res.evaluation import classification as measures
from facenet_res.train.optimizer_config import OptimizerConfig

DATA: Final = "crops.zip"
BANDS: Final = (("00-09", 10), ("10-24", 25), ("25-49", 50), ("50-up", 200))
"""Name of each class, and the age at which the next one begins."""
STARTS: Final = ("face network", "fresh weights")
HEAD: Final = "embedding"
PRECISION: Final = "mixed_bfloat16"
AUGMENT: Final = ImageAugmentConfig()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained; the best epoch by accuracy on the validation images."""

    sizes: tuple[int, ...] = (40, 160, 640)
    per_class: int = 260
    validation_each: int = 40
    test_each: int = 60
    epochs: int = 3
    steps_per_epoch: int = 12
    batch_size: int = 32
    seed: int = 0
    optimizer: OptimizerConfig = dataclasses.field(
        default_factory=lambda: OptimizerConfig(
            name="adamw",
            learning_rate=5e-4,
            schedule="cosine",
            weight_decay=0.02,
            warmup_steps=6,
            ema=0.9,
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Trains what is not trained yet, prints the table and draws the curves."""
    return run_example("fine_tuning", __doc__ or "", (DATA,), _run, argv)


def _run(arguments: Namespace) -> None:
    recipe = Recipe()
    if arguments.smoke:
        small: dict[str, Any] = {"per_class": 4, "validation_each": 1, "test_each": 1}
        recipe = dataclasses.replace(recipe, **small, sizes=(8,), epochs=1, steps_per_epoch=1)
    folder = arguments.runs / "age"
    if not folder.exists():
        write_bands(folder, recipe.per_class)
    sets = split(read_class_folders(folder), recipe)
    found: dict[str, dict[int, float]] = {start: {} for start in STARTS}
    with stages() as tell:
        for size, start in itertools.product(recipe.sizes, STARTS):
            path = arguments.runs / f"{start.replace(' ', '-')}-{size}.json"
            if path.exists() or not arguments.finished:
                run = partial(train, start, size, recipe, sets, path.with_suffix(""), tell)
                record = recorded(path, run, arguments)
                found[start][size] = measures.accuracy(record["test"], sets["test"].labels)
    # Sizes of which both are finished; without --finished that is all of them.
    done = tuple(size for size in recipe.sizes if all(size in found[start] for start in STARTS))
    recipe = dataclasses.replace(recipe, sizes=done)
    rows = [(start, *(f"{100 * found[start][size]:.1f}" for size in done)) for start in STARTS]
    print_table(("accuracy on test, %", *(f"{size} images" for size in recipe.sizes)), rows)
    steps = f"{recipe.epochs * recipe.steps_per_epoch} steps of {recipe.batch_size}"
    note(f"{len(BANDS)} classes, {len(sets['test'])} test images, {steps}")
    note(f"{machine_text()}, {datetime.date.today().isoformat()}")
    _draw(found, recipe, arguments.out)


def write_bands(folder: Path, per_class: int) -> None:
    """Writes some of UTKFace's crops as a folder per class, drawn from all ages of a band."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    counts = dict.fromkeys((name for name, _ in BANDS), 0)
    with open_crops(data_path(DATA)) as crops:
        for number in np.random.default_rng(0).permutation(len(crops)).tolist():
            name = Path(crops.name(number)).name
            if not name.startswith("utk_"):
                continue
            age = int(name.split("_")[1])
            band = next(band for band, end in BANDS if age < end)
            if counts[band] < per_class:
                counts[band] += 1
                make_folder(unfinished / band)
                (unfinished / band / name).write_bytes(crops[number].data)
    unfinished.rename(folder)


def split(images: LabelledImages, recipe: Recipe) -> dict[str, LabelledImages]:
    """Validation, test and training images, as many of each class."""
    order = np.random.default_rng(recipe.seed).permutation(len(images))
    parts: dict[str, list[Any]] = {"val": [], "test": [], "train": []}
    ends = np.cumsum([recipe.validation_each, recipe.test_each])
    for label in range(len(images.classes)):
        own = order[images.labels[order] == label]
        for name, numbers in zip(parts, np.split(own, ends), strict=True):
            parts[name].append(numbers)
    return {
        # Class by class in turn, so that the first N are balanced.
        name: images.subset(np.stack([each[: min(map(len, some))] for each in some], 1).reshape(-1))
        for name, some in parts.items()
    }


def train(
    start: str,
    size: int,
    recipe: Recipe,
    sets: dict[str, LabelledImages],
    folder: Path,
    tell: Tell,
) -> dict[str, Any]:
    """Trains on the first `size` images; the figures of each epoch and the test probabilities."""
    import keras
    from keras import ops

    from facenet_res.losses.cross_entropy import cross_entropy
    from facenet_res.models.build import build_model
    from facenet_res.models.checkpoint import load_weights, read_config
    from facenet_res.train.epochs import EpochsConfig, EpochsData, train_epochs
    from facenet_res.train.image_learner import ImageLearner

    keras.config.set_dtype_policy(PRECISION)
    keras.utils.set_random_seed(recipe.seed)
    weights = model_folder() / WEIGHTS_NAME
    trunk = build_model(read_config(weights))
    if start == STARTS[0]:
        load_weights(trunk, weights)
    logits = keras.layers.Dense(len(BANDS), name="logits")(trunk.get_layer(HEAD).input)
    trained, val = sets["train"].subset(slice(0, size)), sets["val"]

    def batches(epoch: int) -> Iterator[tuple[Any, Any]]:
        rng = np.random.default_rng((recipe.seed, epoch))
        for _ in range(recipe.steps_per_epoch):
            numbers = rng.integers(0, len(trained), recipe.batch_size)
            images = augment_images(trained.images[numbers], AUGMENT, rng)
            yield images, trained.labels[numbers].astype(np.int32)

    def score(learner: ImageLearner) -> float:
        found = measures.probabilities(learner.outputs_of(val.images))
        return measures.accuracy(found, val.labels)

    learner = ImageLearner(
        keras.Model(trunk.input, logits),
        lambda labels, outputs: ops.mean(cross_entropy(outputs, labels, smoothing=0.05)),
    )
    data = EpochsData(batches, score, trained.images[:256], f"{start}, {size} images")
    config = EpochsConfig(
        epochs=recipe.epochs, steps_per_epoch=recipe.steps_per_epoch, optimizer=recipe.optimizer
    )
    result = train_epochs(learner, data, config, folder, tell)
    found = measures.probabilities(learner.outputs_of(sets["test"].images))
    return {**dataclasses.asdict(result), "test": found.tolist()}


def _draw(found: dict[str, dict[int, float]], recipe: Recipe, folder: Path) -> None:
    from facenet_res.evaluation.plots import Axes, Curve, curve_svg

    axes = Axes(title="Age in four bands", x="training images", y="accuracy", x_scale="log")
    sizes = np.array(recipe.sizes, np.float64)
    curves = [Curve(a, sizes, np.array([b[n] for n in recipe.sizes])) for a, b in found.items()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fine_tuning.svg").write_text(curve_svg(axes, curves) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
