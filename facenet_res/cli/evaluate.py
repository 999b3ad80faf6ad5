"""`facenet-res evaluate ...`: measures a model."""

from facenet_res.cli import (
    evaluate_card,
    evaluate_compare,
    evaluate_fmr,
    evaluate_groups,
    evaluate_pairs,
    evaluate_people,
)
from facenet_res.cli.evaluate_output import add_options
from facenet_res.cli.evaluate_photos import run_photos
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_group,
    add_model,
    add_operating_point,
)

SUMMARY = "measure a model"
EXAMPLES = """examples:
  facenet-res evaluate pairs --images photos/ --pairs mine.csv
  facenet-res evaluate lfw --images lfw.zip --pairs pairs.txt --out report/
  facenet-res evaluate identify --images people/ --people 500 --unknown 500"""

PHOTOS_NOTES = """examples:
  facenet-res evaluate photos --images photos.zip
  facenet-res evaluate photos --images photos.zip --server 127.0.0.1:50051

Images lie in one folder for each person. The first people by name are enrolled with their first
images; every other image is a probe, and the remaining people are not enrolled. Of several faces
the largest counts. With --server the images go through a server, whose gallery must be empty and
is emptied again."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the group and its commands."""
    protocols = add_group(subparsers, "evaluate", SUMMARY, EXAMPLES)
    evaluate_pairs.add_parsers(protocols)
    evaluate_people.add_parsers(protocols)
    evaluate_groups.add_parsers(protocols)
    _add_photos(protocols)
    evaluate_fmr.add_parser(protocols)
    evaluate_card.add_parsers(protocols)
    evaluate_compare.add_parser(protocols)


def _add_photos(protocols: Subparsers) -> None:
    summary = "measure enrolment and identification end to end"
    parser = add_command(protocols, "photos", run_photos, summary, PHOTOS_NOTES)
    add_options(parser, "--images", "--people", "--unknown", "--each", "--out")
    parser.add_argument("--server", metavar="HOST:PORT", help="measure a server, over gRPC")
    add_operating_point(
        parser, answer_no="if a non-enrolled person was identified", identifies=True
    )
    add_model(parser)
