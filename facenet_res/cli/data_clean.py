"""`facenet-res data clean PATH --out OUT`: which labels a model doubts."""

import dataclasses
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import print_json, print_pairs, print_table, progress
from facenet_res.cli.options import Subparsers, add_command, add_model, opened_embedder
from facenet_res.core import exit_codes
from facenet_res.core.files import write_atomically

if TYPE_CHECKING:
    from facenet_res.train.clean import CleanReport

SHOWN_MAX = 10
ROWS_MAX = 200
EXAMPLES = """examples:
  facenet-res data clean crops.zip --out cleaned/
  facenet-res data clean faces_emore/ --out cleaned/ --model models/mine --threshold 0.25
  facenet-res train mine.py --run runs/mine --set doubted=/data/cleaned/doubted.csv

Compares each crop with the others of its identity and writes doubted.csv, which a training takes
as `doubted`: the crops stay in it for a teacher, and lose their label. Nothing in PATH is changed.
report.html shows how similar the crops of one identity are. --json prints all of it."""


def add_parser(actions: Subparsers) -> None:
    """Adds the command to those of `data`."""
    parser = add_command(actions, "clean", run, "list the labels that a model doubts", EXAMPLES)
    parser.add_argument("path", type=Path, help="folder, file, or pattern of files in quotes")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="what to write")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.2,
        metavar="SIMILARITY",
        help="least similarity to the mean of the others, -1 to 1 (default 0.2)",
    )
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Writes the two files and says what is in them."""
    from facenet_res.data.crops import open_crops
    from facenet_res.train.clean import doubted_csv, doubted_labels

    with open_crops(arguments.path) as crops, opened_embedder(arguments) as embedder:
        model_id = embedder.model_id
        with progress(int((crops.labels >= 0).sum()), "crop") as tell:
            report = doubted_labels(
                crops, embedder, similarity_min=arguments.threshold, on_progress=tell
            )
    document = {
        "model_id": model_id,
        **{name: getattr(report, name) for name in _counts(report)},
        "doubted": [dataclasses.asdict(each) for each in report.doubted],
    }
    page = _page(report, str(arguments.path), model_id)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_atomically(arguments.out / "doubted.csv", doubted_csv(report).encode())
    write_atomically(arguments.out / "report.html", page.encode())
    if arguments.json:
        print_json(document)
        return exit_codes.OK
    print_pairs(
        [(name.replace("_", " "), f"{getattr(report, name):,}") for name in _counts(report)]
    )
    print_pairs([("doubted", f"{len(report.doubted)}, in {arguments.out / 'doubted.csv'}")])
    if report.doubted:
        print_table(_HEADER, _rows(report, SHOWN_MAX))
    return exit_codes.OK


_HEADER = ("file", "to its identity", "nearest identity", "to that")


def _counts(report: "CleanReport") -> tuple[str, ...]:
    return ("crops", "identities", "alone", "unreadable", "similarity_min")


def _rows(report: "CleanReport", most: int) -> list[tuple[str, str, str, str]]:
    return [
        (each.file, f"{each.similarity:.3f}", each.nearest, f"{each.nearest_similarity:.3f}")
        for each in report.doubted[:most]
    ]


def _page(report: "CleanReport", path: str, model_id: str) -> str:
    from facenet_res.evaluation.page import Section, Table, html_page
    from facenet_res.evaluation.plots import Axes, histogram_svg

    axes = Axes(title="Crops by likeness", x="cosine to the others' mean", y="share of the crops")
    plot = histogram_svg(axes, {"all crops": report.similarities}, mark=report.similarity_min)
    rows = tuple(_rows(report, ROWS_MAX))
    summary = (
        f"{len(report.doubted)} of {report.crops} labels in {path} are doubted by {model_id}: less "
        f"like the others of their identity than {report.similarity_min:g}. {report.alone} crops "
        f"are alone in their identity and were not compared; {report.unreadable} could not be read."
    )
    sections = [
        Section(title="How alike the crops of one identity are", plots=(plot,)),
        Section(
            title="The most doubtful",
            text=f"The first {len(rows)} of {len(report.doubted)}; doubted.csv has them all.",
            table=Table(header=_HEADER, rows=rows),
        ),
    ]
    return html_page("Doubted labels", summary, sections)
