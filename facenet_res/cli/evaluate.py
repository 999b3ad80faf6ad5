"""`facenet-res evaluate lfw|photos`: how good is a model, on photographs."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from facenet_res.cli.console import print_pairs, progress
from facenet_res.cli.evaluate_photos import run_photos
from facenet_res.cli.evaluate_thresholds import run_thresholds
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_decision,
    add_model,
    opened_embedder,
)
from facenet_res.core import exit_codes

SUMMARY = "measure a model on photographs: lfw, photos, thresholds"
EXAMPLES = """examples:
  facenet-res evaluate lfw --images lfw.zip --pairs pairs.txt
  facenet-res evaluate photos --images photos.zip
  facenet-res evaluate photos --images photos.zip --server 127.0.0.1:50051
  facenet-res evaluate thresholds --images people/ --json > thresholds.json"""

LFW_NOTES = """Photographs are found as NAME/NAME_0001.jpg in the folder or zip, which is read in
place. Each is detected and aligned by us. Of several faces the one that is large and near the
middle is taken (area minus twice the squared distance of the centres). A photograph without a
face is not left out: the middle of the picture stands in for it, and it is counted.
The embedding is f(x) + f(mirrored x); --no-flip leaves the mirror out.
Accuracy: for each fold the threshold that is best on the others; mean and standard error."""

PHOTOS_NOTES = """Images lie in one folder for each person. The first people by name are enrolled
with their first photographs; the others are never enrolled. Then every other photograph is asked
for. Of several faces the largest counts. With --server the same is done over gRPC; its gallery
must be empty, and is emptied again."""


THRESHOLDS_NOTES = """Images lie in one folder for each person: people whom the model never saw in
training, and never those of a public test that it will be judged by. Every pair of photographs of
two people is an impostor pair; a rate needs 3 / rate of them. The interval is the wider of two:
pairs as if independent, and 200 draws of people. Embeddings are made as everywhere but in
`evaluate lfw`: without the mirrored face."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command and its subcommands."""
    group = add_command(subparsers, "evaluate", lambda _: exit_codes.INPUT, SUMMARY, EXAMPLES)
    protocols = group.add_subparsers(title="protocols", metavar="PROTOCOL", required=True)
    parser = add_command(
        protocols, "lfw", run_lfw, "judge pairs of photographs by folds", LFW_NOTES
    )
    _add_images(parser)
    parser.add_argument(
        "--pairs", type=Path, required=True, metavar="FILE", help="LFW's pairs.txt, or one like it"
    )
    parser.add_argument("--workers", type=int, default=2, help="photographs at once (default: 2)")
    parser.add_argument("--no-flip", action="store_true", help="without the mirrored face")
    add_model(parser)

    parser = add_command(
        protocols, "photos", run_photos, "enrol some people and ask for everybody", PHOTOS_NOTES
    )
    _add_images(parser)
    parser.add_argument("--people", type=int, default=30, help="people enrolled (default: 30)")
    parser.add_argument("--unknown", type=int, default=10, help="people never enrolled (10)")
    parser.add_argument("--each", type=int, default=3, help="photographs enrolled of each (3)")
    parser.add_argument("--server", metavar="HOST:PORT", help="judge a server, over gRPC")
    add_decision(parser, "if a person who was never enrolled was named")
    add_model(parser)
    _add_thresholds(protocols)


def _add_thresholds(protocols: Subparsers) -> None:
    parser = add_command(
        protocols,
        "thresholds",
        run_thresholds,
        "find the similarity that keeps a rate of false accepts",
        THRESHOLDS_NOTES,
    )
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR_OR_ZIP", help="the photographs"
    )
    parser.add_argument(
        "--only", type=Path, metavar="FILE", help="names of the people to take, one a line"
    )
    parser.add_argument(
        "--aligned", action="store_true", help="they are aligned faces of 112x112 px already"
    )
    parser.add_argument(
        "--far",
        type=float,
        nargs="+",
        default=[1e-2, 1e-3, 1e-4],
        metavar="RATE",
        help="rates of false accepts (default: 1e-2 1e-3 1e-4)",
    )
    add_model(parser)


def run_lfw(arguments: Namespace) -> int:
    """Prints the accuracy by folds and what belongs to it."""
    from facenet_res.data.pairs import read_pairs
    from facenet_res.evaluation import lfw, report
    from facenet_res.evaluation.image_source import open_images
    from facenet_res.evaluation.photographs import PhotographConfig, embed_photographs
    from facenet_res.faces.open import open_detector

    pairs = read_pairs(arguments.pairs)
    config = PhotographConfig(workers=arguments.workers)
    with open_images(arguments.images) as source:
        names = lfw.located(pairs, source.names)
        detector = open_detector(arguments.detector, arguments.detector_model)
        with (
            opened_embedder(arguments, flip=not arguments.no_flip) as embedder,
            progress(len(names), "photo") as tell,
        ):
            photographs = embed_photographs(
                source, names, detector, embedder, config=config, on_progress=tell
            )
            result = lfw.judge_pairs(pairs, photographs, embedder.model_id)
    rows = report.verification_rows(result)
    if arguments.out is not None:
        report.write_report(arguments.out, "Pairs of photographs", result, rows)
    if arguments.json:
        print(report.to_json(result))
    else:
        print_pairs(rows)
    return exit_codes.OK


def _add_images(parser: Any) -> None:
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR_OR_ZIP", help="the photographs"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write report.json and report.md to"
    )
