"""`facenet-res develop data clean PATH --out OUT`: labels that a model finds suspicious."""

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
  facenet-res develop data clean crops.zip --out cleaned/
  facenet-res develop data clean faces/ --out cleaned/ --model models/mine
  facenet-res develop train mine.py --run runs/mine \\
      --set doubted=cleaned/doubted.csv

Compares each crop with the others of its identity and writes doubted.csv, which a training takes
as `doubted`: those crops lose their label and are used for distillation alone. Nothing in PATH is
changed. report.html shows the similarities within identities."""


def add_parser(actions: Subparsers) -> None:
    """Adds the command to those of `data`."""
    parser = add_command(
        actions, "clean", run, "find suspicious labels by the similarity of crops", EXAMPLES
    )
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="folder, file, or pattern of files in quotes"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the two files"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.2,
        metavar="SIMILARITY",
        help="least similarity to the mean of the others, -1 to 1 (default: 0.2)",
    )
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Writes the two files and says what is in them."""
    from facenet_res.data.crops import open_crops
    from facenet_res.train.clean import doubted_csv, doubted_labels

    with open_crops(arguments.path) as crops, opened_embedder(arguments) as embedder:
        model_id = embedder.model_id
        with progress(int((crops.labels >= 0).sum()), "crops") as tell:
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
    print_pairs([("suspicious", f"{len(report.doubted)}, in {arguments.out / 'doubted.csv'}")])
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

    axes = Axes(
        title="Crops by similarity",
        x="similarity to the mean of the others",
        y="share of the crops",
    )
    plot = histogram_svg(axes, {"all crops": report.similarities}, mark=report.similarity_min)
    rows = tuple(_rows(report, ROWS_MAX))
    summary = (
        f"{len(report.doubted)} of {report.crops} labels in {path} are suspicious for {model_id}: "
        f"similarity to the rest of their identity below {report.similarity_min:g}. {report.alone} "
        f"crops are alone in their identity, {report.unreadable} are unreadable."
    )
    sections = [
        Section(title="Similarity within identities", plots=(plot,)),
        Section(
            title="The most suspicious",
            text=f"The first {len(rows)} of {len(report.doubted)}; doubted.csv lists all.",
            table=Table(header=_HEADER, rows=rows),
        ),
    ]
    return html_page("Suspicious labels", summary, sections)
