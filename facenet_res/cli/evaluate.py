"""`facenet-res evaluate ...`: measures and calibrates a model."""

from pathlib import Path

from facenet_res.cli import evaluate_card, evaluate_groups, evaluate_pairs, evaluate_people
from facenet_res.cli.evaluate_output import add_options
from facenet_res.cli.evaluate_photos import run_photos
from facenet_res.cli.evaluate_thresholds import run_thresholds
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_group,
    add_model,
    add_operating_point,
)

SUMMARY = "measure and calibrate a model"
EXAMPLES = """examples:
  facenet-res evaluate pairs --images photos/ --pairs mine.csv
  facenet-res evaluate lfw --images lfw.zip --pairs pairs.txt --out report/
  facenet-res evaluate identify --images people/ --people 500 --unknown 500
  facenet-res evaluate thresholds --images people/ --model models/mine --write"""

PHOTOS_NOTES = """examples:
  facenet-res evaluate photos --images photos.zip
  facenet-res evaluate photos --images photos.zip --server 127.0.0.1:50051

Images lie in one folder for each person. The first people by name are enrolled with their first
images; every other image is a probe, and the remaining people are not enrolled. Of several faces
the largest counts. With --server the images go through a server, whose gallery must be empty and
is emptied again."""

THRESHOLDS_NOTES = """examples:
  facenet-res evaluate thresholds --images people/ --model models/mine --write
  facenet-res evaluate thresholds --images people/ --json > thresholds.json

Images lie in one folder for each person: people who are neither in the training data nor in a test
set. Every pair of images of two people is an impostor pair; a rate requires 3 / rate of them. The
interval is the wider of two: independent pairs, and a bootstrap of 200 draws of people."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the group and its commands."""
    protocols = add_group(subparsers, "evaluate", SUMMARY, EXAMPLES)
    evaluate_pairs.add_parsers(protocols)
    evaluate_people.add_parsers(protocols)
    evaluate_groups.add_parsers(protocols)
    _add_photos(protocols)
    _add_thresholds(protocols)
    evaluate_card.add_parsers(protocols)


def _add_photos(protocols: Subparsers) -> None:
    summary = "measure enrolment and identification end to end"
    parser = add_command(protocols, "photos", run_photos, summary, PHOTOS_NOTES)
    add_options(parser, "--images", "--people", "--unknown", "--each", "--out")
    parser.add_argument("--server", metavar="HOST:PORT", help="measure a server, over gRPC")
    add_operating_point(
        parser, answer_no="if a non-enrolled person was identified", identifies=True
    )
    add_model(parser)


def _add_thresholds(protocols: Subparsers) -> None:
    summary = "calibrate: the threshold for each FMR"
    parser = add_command(protocols, "thresholds", run_thresholds, summary, THRESHOLDS_NOTES)
    add_options(parser, "--images", "--aligned")
    parser.add_argument(
        "--only", type=Path, metavar="FILE", help="names of the people to take, one per line"
    )
    parser.add_argument(
        "--fmr",
        type=float,
        nargs="+",
        default=[1e-2, 1e-3, 1e-4],
        metavar="RATE",
        help="false match rates (default: 1e-2 1e-3 1e-4)",
    )
    parser.add_argument(
        "--write", action="store_true", help="replace the thresholds in the manifest of --model"
    )
    add_model(parser)
