"""Medical imaging: pneumonia in chest X-rays of 28x28 px, with networks trained from scratch.

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python -m examples.pneumonia

Trains ResNet-18, ResNet-50 and ResNet-18 without its skips, each from three seeds, keeps the epoch
with the best validation AUC, and judges it once on the test split. NOT A MEDICAL DEVICE: a study
of networks on small images; nobody's health may depend on it.
"""

import dataclasses
import datetime
import itertools
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from examples.command import recorded, run_example
from facenet_res.cli.console import note, print_table, stages
from facenet_res.core.machine import machine_text
from facenet_res.core.progress import Tell
from facenet_res.data.image_augment import ImageAugmentConfig, augment_images
from facenet_res.data.labelled_images import LabelledImages, read_splits
from facenet_res.data.location import data_path
from facenet_res.evaluation import classification as measures
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.train.optimizer_config import OptimizerConfig

DATA: Final = "medical/pneumoniamnist.npz"
CLASSES: Final = ("normal", "pneumonia")
PUBLISHED: Final = (
    # Yang et al. 2023, Scientific Data 10:41, table 3, PneumoniaMNIST.
    ("ResNet-18 (28)", 0.944, 0.854),
    ("ResNet-50 (28)", 0.948, 0.854),
    ("auto-sklearn", 0.942, 0.855),
    ("AutoKeras", 0.947, 0.878),
)
NETWORKS: Final = {
    "ResNet-18": ClassifierConfig(depth=18, classes=2),
    "plain-18": ClassifierConfig(depth=18, classes=2, is_plain=True),
    "ResNet-50": ClassifierConfig(depth=50, classes=2),
}
SEEDS: Final = (0, 1, 2)
PRECISION: Final = "mixed_bfloat16"
# Not mirrored: the heart lies on one side.
AUGMENT: Final = ImageAugmentConfig(is_flipped=False)
OPTIMIZER: Final = OptimizerConfig(
    name="adamw",
    learning_rate=1.5e-3,
    schedule="cosine",
    weight_decay=0.05,
    warmup_steps=9,
    ema=0.95,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How each network is trained; chosen by validation AUC alone."""

    epochs: int = 4
    batch_size: int = 256
    seeds: tuple[int, ...] = SEEDS
    statistics_images: int = 512
    augment: ImageAugmentConfig = AUGMENT
    optimizer: OptimizerConfig = OPTIMIZER


def main(argv: Sequence[str] | None = None) -> int:
    """Trains what is not trained yet, prints the table and draws the plots."""
    return run_example("pneumonia", __doc__ or "", (DATA,), _run, argv)


def _run(arguments: Namespace) -> None:
    recipe, networks = Recipe(), NETWORKS
    sets = read_splits(data_path(DATA), CLASSES)
    if arguments.smoke:
        recipe = Recipe(epochs=1, batch_size=8, seeds=(0,), statistics_images=8)
        networks = {"ResNet-18": ClassifierConfig(depth=18, classes=2, width=0.25)}
        sets = {
            name: each.subset(slice(None, None, len(each) // 48)) for name, each in sets.items()
        }
    note("not a medical device: a study of networks on small images")
    records: dict[str, list[dict[str, Any]]] = {}
    with stages() as tell:
        for name, seed in itertools.product(networks, recipe.seeds):
            run, folder = dataclasses.replace(recipe, seeds=(seed,)), f"{name}-seed{seed}"
            path = arguments.runs / f"{folder}.json"
            if path.exists() or not arguments.finished:
                measure = partial(train, networks[name], run, sets, arguments.runs / folder, tell)
                records.setdefault(name, []).append(recorded(path, measure, arguments))
    _print(records, sets["test"])
    _draw(records, sets["test"], arguments.out)


def train(
    config: ClassifierConfig,
    recipe: Recipe,
    sets: dict[str, LabelledImages],
    folder: Path,
    tell: Tell,
) -> dict[str, Any]:
    """Trains one network from one seed; its figures and test probabilities."""
    import keras
    from keras import ops

    from facenet_res.losses.cross_entropy import cross_entropy
    from facenet_res.models.classifier import build_classifier
    from facenet_res.train.epochs import EpochsConfig, EpochsData, shuffled_batches, train_epochs
    from facenet_res.train.image_learner import ImageLearner

    (seed,), trained, val = recipe.seeds, sets["train"], sets["val"]
    keras.config.set_dtype_policy(PRECISION)
    keras.utils.set_random_seed(seed)
    weights = trained.class_weights()

    def loss(labels: Any, logits: Any) -> Any:
        return ops.mean(cross_entropy(logits, labels, class_weights=weights))

    def batches(epoch: int) -> Iterator[tuple[Any, Any]]:
        rng = np.random.default_rng((seed, epoch))
        for numbers in shuffled_batches(len(trained), recipe.batch_size, rng):
            images = augment_images(trained.images[numbers], recipe.augment, rng)
            yield images, trained.labels[numbers].astype(np.int32)

    def score(learner: ImageLearner) -> float:
        found = measures.probabilities(learner.outputs_of(val.images))
        return measures.area_under_roc(found, val.labels)

    learner = ImageLearner(build_classifier(config, trained.images.shape[1]), loss)
    plain = trained.images[:: len(trained) // recipe.statistics_images]
    data = EpochsData(batches, score, plain, f"{config.name}, seed {seed}")
    steps = len(trained) // recipe.batch_size
    epochs = EpochsConfig(epochs=recipe.epochs, steps_per_epoch=steps, optimizer=recipe.optimizer)
    result = train_epochs(learner, data, epochs, folder, tell)
    found = measures.probabilities(learner.outputs_of(sets["test"].images))
    return {**dataclasses.asdict(result), "test": found.tolist()}


def _print(records: dict[str, list[dict[str, Any]]], test: LabelledImages) -> None:
    rows = []
    for name, runs in records.items():
        found = [np.array(each["test"]) for each in runs]
        figures = [
            [measure(each, test.labels) for each in found]
            for measure in (measures.area_under_roc, measures.accuracy)
        ]
        errors = [
            measures.reliability(each, test.labels).expected_calibration_error for each in found
        ]
        rows.append(
            (
                f"{name} (ours, {len(runs)} seeds)",
                f"{np.mean([max(each['scores']) for each in runs]):.4f}",
                *(f"{np.mean(each):.3f} +- {np.std(each):.3f}" for each in (*figures, errors)),
                f"{np.mean([each['train_s'] for each in runs]):.0f}",
            )
        )
    rows += [(f"{name}, published", "", f"{a:.3f}", f"{b:.3f}", "", "") for name, a, b in PUBLISHED]
    header = ("network", "validation AUC", "test AUC", "test accuracy", "ECE", "s a run")
    print_table(header, rows)
    for name, runs in records.items():
        table = sum(measures.confusion_matrix(each["test"], test.labels) for each in runs)
        note(f"{name}, all seeds: rows {CLASSES}, chosen {CLASSES}: {np.asarray(table).tolist()}")
    note(f"{machine_text()}, {datetime.date.today().isoformat()}; +- over the seeds")


def _draw(records: dict[str, list[dict[str, Any]]], test: LabelledImages, folder: Path) -> None:
    from facenet_res.evaluation.plots import Axes, Curve, curve_svg

    curves, bins = [], []
    for name, runs in records.items():
        scores = np.array([each["scores"] for each in runs])
        epochs = np.arange(1.0, scores.shape[1] + 1)
        curves.append(Curve(name, epochs, scores.mean(0), scores.min(0), scores.max(0)))
        together = np.concatenate([np.array(each["test"]) for each in runs])
        found = measures.reliability(together, np.tile(test.labels, len(runs)))
        is_full = found.count > 0
        bins.append(Curve(name, found.confidence[is_full], found.accuracy[is_full]))
    even = Curve("calibrated", np.array([0.5, 1.0]), np.array([0.5, 1.0]), is_dashed=True)
    plots = {
        "validation": curve_svg(Axes(title="Validation AUC", x="epoch", y="AUC"), curves),
        "reliability": curve_svg(
            Axes(title="Reliability on the test split", x="mean confidence", y="accuracy"),
            [*bins, even],
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in plots.items():
        (folder / f"pneumonia-{name}.svg").write_text(svg + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
