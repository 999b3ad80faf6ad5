"""`facenet-res develop quantise MODEL --calibration CROPS`: adds an int8 network."""

import tempfile
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_json, print_pairs, progress, stages
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_detector,
    add_overwrite,
    add_workers,
    opened_detector,
)
from facenet_res.core import exit_codes
from facenet_res.core.errors import (
    ArgumentInvalid,
    ArtifactInvalid,
    ConfigInvalid,
    DataInvalid,
    FileMissing,
)

if TYPE_CHECKING:
    from facenet_res.core.embedder import Embedder
    from facenet_res.core.types import Faces
    from facenet_res.data.crops import CropSource
    from facenet_res.data.pairs import PairSet
    from facenet_res.data.split import Split

SEED = 0
COMPARED = 200
LOSS_POINTS_MAX = 0.1
# Of the TMR at FMR 1e-3, whose interval is five points wide: more is no rounding.
HELD_OUT_LOSS_POINTS_MAX = 0.5
HELD_OUT_FMR = 1e-3
SIMILARITY_MIN = 0.98
EXAMPLES = """examples:
  facenet-res develop quantise models/first --out models/first-int8 \\
      --calibration crops.zip
  facenet-res develop quantise models/first --out models/first-int8 \\
      --calibration crops.zip --images lfw.zip --pairs lfw_pairs.txt

CROPS is a zip or folder of aligned faces of 112x112 px, IDENTITY/FILE.jpg. 300 of them, drawn with
a fixed seed, or those of --only, calibrate; up to 200 others compare int8 with f32. With --images
and --pairs the accuracy of both on LFW is compared too, with --held-out their TMR at FMR 1e-3 on
the people whom the default recipe holds out of CROPS, none of whom then calibrates. Beyond the
limits nothing is written.
Requires the extra "int8". OpenVINO on the CPU then uses int8; --precision f32 or bf16 selects the
other network."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "add an int8 network to a model folder"
    parser = add_command(subparsers, "quantise", run, summary, EXAMPLES)
    parser.add_argument("model", type=Path, metavar="MODEL", help="model folder to start from")
    for name, metavar, words in (
        ("--calibration", "CROPS", "aligned faces; required"),
        ("--only", "FILE", "names of the crops to calibrate on, one per line"),
        ("--images", "DIR_OR_ZIP", "LFW's images"),
        ("--pairs", "FILE", "LFW's pairs"),
    ):
        parser.add_argument(name, type=Path, metavar=metavar, help=words)
    parser.add_argument(
        "--held-out", action="store_true", help="compare the TMR on the held-out people of CROPS"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="model folder to make"
    )
    for name, default, metavar, words in (
        ("--loss-max", LOSS_POINTS_MAX, "POINTS", "greatest loss of accuracy, in points"),
        ("--similarity-min", SIMILARITY_MIN, "COSINE", "least mean similarity to f32"),
    ):
        text = f"{words} (default: {default})"
        parser.add_argument(name, type=float, default=default, metavar=metavar, help=text)
    add_workers(parser)
    add_overwrite(parser)
    add_detector(parser)


def run(arguments: Namespace) -> int:
    """Quantises, compares, prints the loss, and writes the folder if that is within its limits."""
    if arguments.calibration is None:
        raise ConfigInvalid("int8 needs faces to calibrate on: give --calibration CROPS")
    if (arguments.images is None) != (arguments.pairs is None):
        raise ArgumentInvalid("--images and --pairs go together: images, and which to compare")
    from facenet_res.core.artifact import check_place, read_artifact
    from facenet_res.export.quantise import add_quantised, check_loss, loss_of, quantised
    from facenet_res.inference.config import BackendConfig
    from facenet_res.inference.embedder import BackendEmbedder
    from facenet_res.inference.open import open_backend

    artifact = read_artifact(arguments.model)
    check_place(arguments.out, overwrite=arguments.overwrite)
    lfw_pairs = _pairs(arguments) if arguments.pairs else None
    calibration, others = _faces(arguments.calibration, arguments.only, spare=arguments.held_out)
    note(f"calibrating on {len(calibration)} crops, comparing on {len(others)}")
    with tempfile.TemporaryDirectory(prefix="facenet-int8-") as folder:
        int8 = quantised(artifact, calibration, Path(folder))
        exact_backend = open_backend(artifact, BackendConfig(precision="f32"))
        rounded_backend = open_backend(int8, BackendConfig(precision="int8", is_cached=False))
        with (
            BackendEmbedder(exact_backend, artifact.manifest) as exact,
            BackendEmbedder(rounded_backend, int8.manifest) as rounded,
        ):
            loss = loss_of(exact.embed(others), rounded.embed(others))
            held_out = _on_held_out(arguments, exact, rounded) if arguments.held_out else {}
            lfw = _on_pairs(arguments, lfw_pairs, exact, rounded) if lfw_pairs else {}
        report = {**asdict(loss), **held_out, **lfw}
        if not arguments.json:
            print_pairs([(name.replace("_", " "), f"{value:g}") for name, value in report.items()])
        check_loss(loss, arguments.similarity_min)
        _check_points(held_out.get("held_out_points_lost"), HELD_OUT_LOSS_POINTS_MAX)
        _check_points(lfw.get("points_lost"), arguments.loss_max)
        written = add_quantised(artifact, int8, arguments.out, overwrite=arguments.overwrite)
    if arguments.json:
        print_json({**report, "model_id": written.manifest.model_id, "folder": str(arguments.out)})
    else:
        print_pairs([("folder", str(arguments.out))])
    return exit_codes.OK


def _faces(path: Path, only: Path | None, *, spare: bool) -> "tuple[Faces, Faces]":
    """Faces to calibrate on, named or drawn with a fixed seed, and others to compare by."""
    import numpy as np

    from facenet_res.data.crops import open_crops
    from facenet_res.export.quantise import CALIBRATION_MAX, CALIBRATION_MIN

    with open_crops(path) as opened:
        crops = _split(opened).train if spare else opened
        if len(crops) < 2 * CALIBRATION_MIN:
            raise ConfigInvalid(
                f"{path} holds {len(crops)} faces, int8 needs at least {2 * CALIBRATION_MIN}: "
                "one half to calibrate on, the other to compare by"
            )
        order = np.random.default_rng(SEED).permutation(len(crops)).tolist()
        count = min(CALIBRATION_MAX, len(crops) // 2)
        if only is not None:
            chosen = _named(crops, only)
            taken = set(chosen)
            count = len(chosen)
            order = chosen + [number for number in order if number not in taken]
        faces = np.stack([crops[number].decode() for number in order[: count + COMPARED]])
    return faces[:count], faces[count:]


def _split(crops: "CropSource") -> "Split":
    from facenet_res.data.split import split_by_identity
    from facenet_res.evaluation.held_out import CROPS_MIN, IDENTITIES, UNLABELLED

    return split_by_identity(
        crops, identities=IDENTITIES, crops_min=CROPS_MIN, unlabelled=UNLABELLED
    )


def _on_held_out(
    arguments: Namespace, exact: "Embedder", rounded: "Embedder"
) -> "dict[str, float]":
    """TMR of both networks on all pairs of the held-out people, in percent."""
    from facenet_res.data.crops import open_crops
    from facenet_res.evaluation.held_out import decoded, tmr_at
    from facenet_res.evaluation.judge_data import embedded

    with open_crops(arguments.calibration) as crops, stages() as tell:
        people = _split(crops).validation
        faces = decoded(people, "held-out people", tell)
        names = [people.identity(number) for number in range(len(people))]
        rates = [
            100 * tmr_at(embedded(one, faces, stage, tell), names, HELD_OUT_FMR)
            for one, stage in ((exact, "f32"), (rounded, "int8"))
        ]
    return {
        "held_out_tmr_f32_percent": rates[0],
        "held_out_tmr_int8_percent": rates[1],
        "held_out_points_lost": rates[0] - rates[1],
    }


def _named(crops: "CropSource", only: Path) -> list[int]:
    """The crops that a file names, in its order."""
    if not only.is_file():
        raise FileMissing(f"no list of crops at {only}")
    wanted = list(dict.fromkeys(only.read_text("utf-8").splitlines()))
    numbers = {crops.name(number): number for number in range(len(crops))}
    absent = [name for name in wanted if name not in numbers]
    if absent:
        raise DataInvalid(f"{len(absent)} crops of {only} are not there, such as {absent[0]!r}")
    if len(wanted) == len(crops):
        raise DataInvalid(f"{only} names all {len(crops)} crops: none is left to compare by")
    return [numbers[name] for name in wanted]


def _pairs(arguments: Namespace) -> "PairSet":
    """The labelled pairs; all that can be wrong with them is told before minutes of work."""
    from facenet_res.data.pairs import read_pairs
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.pairs import located

    pairs = read_pairs(arguments.pairs)
    with open_images(arguments.images) as source:
        located(pairs, source.names)
    opened_detector(arguments)
    return pairs


def _on_pairs(
    arguments: Namespace, pairs: "PairSet", exact: "Embedder", rounded: "Embedder"
) -> "dict[str, float]":
    """Accuracy of both networks on labelled pairs, in percent; each image is aligned once."""
    from facenet_res.core.arrays import cosine
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.pairs import located
    from facenet_res.evaluation.subjects import embed_subjects
    from facenet_res.evaluation.verification import kfold_accuracy
    from facenet_res.export.quantise import Beside, halves
    from facenet_res.recognizer.recognizer import FaceRecognizer

    recognizer = FaceRecognizer.of(opened_detector(arguments), Beside(exact, rounded))
    with open_images(arguments.images) as source:
        names = located(pairs, source.names)
        with progress(len(names), "images") as tell:
            rows = embed_subjects(
                source, names, recognizer, workers=arguments.workers, on_progress=tell
            ).embeddings
    accuracies = [
        100
        * kfold_accuracy(
            cosine(one[pairs.first], one[pairs.second]), pairs.is_same, pairs.folds
        ).mean
        for one in halves(rows)
    ]
    return {
        "accuracy_f32_percent": accuracies[0],
        "accuracy_int8_percent": accuracies[1],
        "points_lost": accuracies[0] - accuracies[1],
    }


def _check_points(lost: float | None, points_max: float) -> None:
    if lost is not None and not lost <= points_max:
        raise ArtifactInvalid(
            f"int8 is not accepted: it loses {lost:.3f} points on the pairs, limit is "
            f"{points_max}; nothing was written"
        )
