"""`facenet-res evaluate ...`: how good is a model, and how sure is that."""

from pathlib import Path

from facenet_res.cli import evaluate_card, evaluate_groups, evaluate_pairs, evaluate_people
from facenet_res.cli.evaluate_output import add_images, add_out
from facenet_res.cli.evaluate_photos import run_photos
from facenet_res.cli.evaluate_thresholds import run_thresholds
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_group,
    add_model,
    add_operating_point,
)

SUMMARY = "measure a model: pairs, people, groups, thresholds"
EXAMPLES = """examples:
  facenet-res evaluate lfw --images lfw.zip --pairs pairs.txt --out report/
  facenet-res evaluate pairs --images photos/ --pairs mine.csv
  facenet-res evaluate bin agedb_30.bin --model models/mine
  facenet-res evaluate identify --images people/ --people 500 --unknown 500
  facenet-res evaluate groups --images people/ --attributes people.csv
  facenet-res evaluate photos --images photos.zip
  facenet-res evaluate photos --images photos.zip --server 127.0.0.1:50051
  facenet-res evaluate thresholds --images people/ --model models/mine --write
  facenet-res evaluate card --model models/mine --out report/"""

PHOTOS_NOTES = """Images lie in one folder for each person. The first people by name are enrolled
with their first images; the others are never enrolled. Then every other image is asked
for. Of several faces the largest counts. With --server the same is done over gRPC; its gallery
must be empty, and is emptied again."""


THRESHOLDS_NOTES = """Images lie in one folder for each person: people whom the model never saw in
training, and never those of a public test that it will be judged by. Every pair of images of
two people is an impostor pair; a rate needs 3 / rate of them. The interval is the wider of two:
pairs as if independent, and 200 draws of people. Embeddings are made as everywhere but in
`evaluate lfw`: without the mirrored face."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command and its subcommands."""
    protocols = add_group(subparsers, "evaluate", SUMMARY, EXAMPLES)
    evaluate_pairs.add_parsers(protocols)
    evaluate_people.add_parsers(protocols)
    evaluate_groups.add_parsers(protocols)
    _add_photos(protocols)
    _add_thresholds(protocols)
    evaluate_card.add_parsers(protocols)


def _add_photos(protocols: Subparsers) -> None:
    parser = add_command(
        protocols, "photos", run_photos, "enrol some people and ask for everybody", PHOTOS_NOTES
    )
    add_images(parser)
    add_out(parser)
    parser.add_argument("--people", type=int, default=30, help="people enrolled (default: 30)")
    parser.add_argument("--unknown", type=int, default=10, help="people never enrolled (10)")
    parser.add_argument("--each", type=int, default=3, help="images enrolled of each (3)")
    parser.add_argument("--server", metavar="HOST:PORT", help="judge a server, over gRPC")
    add_operating_point(parser, answer_no="if a person who was never enrolled was named")
    add_model(parser)


def _add_thresholds(protocols: Subparsers) -> None:
    parser = add_command(
        protocols,
        "thresholds",
        run_thresholds,
        "find the similarity that keeps a FMR",
        THRESHOLDS_NOTES,
    )
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR_OR_ZIP", help="the images"
    )
    parser.add_argument(
        "--only", type=Path, metavar="FILE", help="names of the people to take, one a line"
    )
    parser.add_argument(
        "--aligned", action="store_true", help="they are aligned faces of 112x112 px already"
    )
    parser.add_argument(
        "--fmr",
        type=float,
        nargs="+",
        default=[1e-2, 1e-3, 1e-4],
        metavar="RATE",
        help="FMR (default: 1e-2 1e-3 1e-4)",
    )
    parser.add_argument(
        "--write", action="store_true", help="replace the thresholds in the manifest of --model"
    )
    add_model(parser)
