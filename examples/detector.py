"""Object detection: faces with five landmarks, by a ResNet-18 with a feature pyramid.

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python -m examples.detector

Trains on the images of photos.zip, labelled by the product's own detector (MTCNN), as mosaics.
Judges it on group_photos by their published boxes, beside MTCNN and YuNet, with milliseconds.
"""

import dataclasses
import datetime
import sys
import time
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
from facenet_res.core.types import Box
from facenet_res.data.detection_targets import detection_targets
from facenet_res.data.imglab import read_imglab
from facenet_res.data.location import data_path
from facenet_res.data.mosaic import BoxedImage, MosaicConfig, boxed_image, mosaic
from facenet_res.evaluation.average_precision import precision_recall
from facenet_res.evaluation.image_source import open_images
from facenet_res.faces.anchor_free import AnchorFreeConfig, AnchorFreeDetector
from facenet_res.faces.detector import Detector
from facenet_res.faces.open import open_detector
from facenet_res.faces.yunet import YunetConfig, YunetDetector
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.warp import resize
from facenet_res.inference.detector_graph import compile_detector
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.train.optimizer_config import OptimizerConfig

TRAIN, TEST, YUNET = "photos.zip", "group_photos", "weights/yunet_n_dynamic.onnx"
TRAIN_SIDE_PX: Final = 512
VALIDATION_EVERY: Final = 10
SCORE_MIN: Final = 0.05
IOUS: Final = (0.4, 0.5)
PLAIN_IMAGES: Final = 128
TIMED_ROUNDS: Final = 3
MOSAIC: Final = MosaicConfig(side_px=192, grid_max=3)
OPTIMIZER: Final = OptimizerConfig(
    name="adamw",
    learning_rate=2e-3,
    schedule="cosine",
    weight_decay=0.02,
    warmup_steps=20,
    ema=0.98,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the network is trained; the best epoch by average precision on held-out images."""

    width: float = 0.25
    epochs: int = 8
    steps_per_epoch: int = 25
    batch_size: int = 16
    images_max: int = 400
    mosaic: MosaicConfig = MOSAIC


def main(argv: Sequence[str] | None = None) -> int:
    """Trains where that is not done yet, prints the table and draws the curves."""
    return run_example("detector", __doc__ or "", (TRAIN, TEST), _run, argv)


def _run(arguments: Namespace) -> None:
    recipe = Recipe()
    if arguments.smoke:
        recipe = Recipe(epochs=1, steps_per_epoch=2, batch_size=2, images_max=12)
    weights = arguments.runs / "detector.safetensors"
    with stages() as tell:
        measure = partial(train, recipe, weights, arguments.runs, tell)
        record = recorded(arguments.runs / "training.json", measure, arguments)
    ours = AnchorFreeDetector(compile_detector(weights), AnchorFreeConfig(score_min=SCORE_MIN))
    detectors: dict[str, Detector] = {
        f"ResNet-18 x {recipe.width:g}, pyramid (ours)": ours,
        "MTCNN (the default)": open_detector(),
    }
    if (yunet := data_path(YUNET)).exists():
        detectors["YuNet"] = YunetDetector(yunet, YunetConfig(score_min=SCORE_MIN))
    boxes: dict[Path, tuple[Box, ...]] = {data_path(TEST) / "dogs.jpg": ()}
    for sheet in sorted(data_path(TEST).glob("*.xml")):
        boxes |= read_imglab(sheet)
    _judge(detectors, boxes, arguments.out)
    note(
        f"training: {len(record['losses'])} epochs of {recipe.steps_per_epoch} x "
        f"{recipe.batch_size} mosaics in {record['train_s']:.0f} s, best epoch "
        f"{record['best_epoch']}, AP on held-out images {max(record['scores']):.3f}"
    )
    note(f"{machine_text()}, {datetime.date.today().isoformat()}")


def train(recipe: Recipe, weights: Path, runs: Path, tell: Tell) -> dict[str, Any]:
    """Trains the network and writes its weights; the figures of each epoch."""
    import keras

    from facenet_res.losses.detection import detection_loss
    from facenet_res.models.anchor_free import build_detector
    from facenet_res.models.checkpoint import save_weights
    from facenet_res.train.epochs import EpochsConfig, EpochsData, train_epochs
    from facenet_res.train.image_learner import ImageLearner

    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.utils.set_random_seed(0)
    images = labelled(recipe.images_max, tell)
    held_out = images[::VALIDATION_EVERY]
    trained = [each for number, each in enumerate(images) if number % VALIDATION_EVERY]
    side_px = recipe.mosaic.side_px

    def batches(epoch: int) -> Iterator[tuple[Any, Any]]:
        rng = np.random.default_rng(epoch)
        for _ in range(recipe.steps_per_epoch):
            some = [mosaic(trained, recipe.mosaic, rng) for _ in range(recipe.batch_size)]
            targets = [
                detection_targets(each.boxes, each.landmarks, each.ignored, side_px)
                for each in some
            ]
            yield np.stack([each.pixels for each in some]), np.stack(targets)

    def score(learner: ImageLearner) -> float:
        limits = AnchorFreeConfig(score_min=SCORE_MIN, side_px_max=256)
        detector = AnchorFreeDetector(learner.predict_on_batch, limits)
        found = [detector.detect(each.pixels) for each in held_out]
        truth = [[Box(*box) for box in each.boxes.tolist()] for each in held_out]
        return precision_recall(found, truth).average_precision

    rng = np.random.default_rng(0)
    plain = np.stack([mosaic(trained, recipe.mosaic, rng).pixels for _ in range(PLAIN_IMAGES)])
    network = build_detector(config := ClassifierConfig(depth=18, width=recipe.width))
    epochs = EpochsConfig(
        epochs=recipe.epochs, steps_per_epoch=recipe.steps_per_epoch, optimizer=OPTIMIZER
    )
    learner, folder = ImageLearner(network, detection_loss), runs / "training"
    result = train_epochs(
        learner, EpochsData(batches, score, plain, "detector"), epochs, folder, tell
    )
    save_weights(network, weights, config)
    return dataclasses.asdict(result)


def labelled(images_max: int, tell: Tell) -> list[BoxedImage]:
    """The images, at most 512 px, with the faces that MTCNN finds."""
    detector = open_detector()
    images = []
    with open_images(data_path(TRAIN)) as source:
        names = source.names[:images_max]
        for number, name in enumerate(names):
            tell("labels by MTCNN", number, len(names))
            pixels = decode_image(source.read(name))
            scale = min(1.0, TRAIN_SIDE_PX / max(pixels.shape[:2]))
            pixels = resize(pixels, *(round(scale * side) for side in pixels.shape[1::-1]))
            images.append(boxed_image(pixels, detector.detect(pixels)))
    return images


def _judge(detectors: dict[str, Detector], boxes: dict[Path, tuple[Box, ...]], out: Path) -> None:
    """Average precision and milliseconds; turn and turn about, so that all meet one load."""
    from facenet_res.evaluation.plots import Axes, Curve, curve_svg

    images = [decode_image(path.read_bytes()) for path in boxes]
    truth = list(boxes.values())
    found: dict[str, list[Any]] = {}
    times_ms: dict[str, list[float]] = {name: [] for name in detectors}
    for _ in range(TIMED_ROUNDS):
        found = {name: [] for name in detectors}
        for pixels in images:
            for name, detector in detectors.items():
                began_s = time.perf_counter()
                found[name].append(detector.detect(pixels))
                times_ms[name].append(1000 * (time.perf_counter() - began_s))
    rows, curves = [], []
    for name in detectors:
        judgements = [precision_recall(found[name], truth, iou) for iou in IOUS]
        best = judgements[0]
        curves.append(Curve(name, best.recall, best.precision))
        areas = (f"{100 * each.average_precision:.1f}" for each in judgements)
        rows.append((name, *areas, f"{np.median(times_ms[name]):.1f}"))
    faces = sum(map(len, truth))
    print_table(("detector", *(f"AP, IoU {iou:g}" for iou in IOUS), "ms, median"), rows)
    note(f"{len(images)} images, {faces} faces")
    out.mkdir(parents=True, exist_ok=True)
    axes = Axes(title=f"{faces} faces of group_photos, IoU {IOUS[0]:g}", x="recall", y="precision")
    (out / "detector-precision.svg").write_text(curve_svg(axes, curves) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
