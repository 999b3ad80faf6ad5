"""What every `facenet-res evaluate` command does at its end, and the options it shares."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_pairs, progress
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facenet_res.evaluation.image_source import ImageSource
    from facenet_res.evaluation.report import Report, Row
    from facenet_res.evaluation.subjects import EmbeddedSubjects
    from facenet_res.recognizer.recognizer import FaceRecognizer


def add_images(parser: ArgumentParser) -> None:
    """--images."""
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR_OR_ZIP", help="the images"
    )


def add_out(parser: ArgumentParser) -> None:
    """--out."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder to write report.json, report.md and report.html to",
    )


def embedded(
    arguments: Namespace,
    source: "ImageSource",
    names: "Sequence[str]",
    recognizer: "FaceRecognizer",
) -> "EmbeddedSubjects":
    """The subjects of images, detected and aligned first unless they are --aligned."""
    from facenet_res.evaluation.subjects import EmbeddedSubjects, embed_crops, embed_subjects

    with progress(len(names), "image") as tell:
        if getattr(arguments, "aligned", False):
            return EmbeddedSubjects(embed_crops(source, names, recognizer.embedder, tell))
        workers = getattr(arguments, "workers", 2)
        return embed_subjects(source, names, recognizer, workers=workers, on_progress=tell)


def finish(
    arguments: Namespace,
    title: str,
    report: "Report | dict[str, Report]",
    rows: "list[Row]",
    page: Callable[[], str],
) -> int:
    """Prints the figures, and writes them where --out says so."""
    from facenet_res.evaluation.report import to_json, write_report

    if arguments.out is not None:
        write_report(arguments.out, title, report, rows, page())
        note(f"wrote {arguments.out / 'report.html'}, report.json and report.md")
    if arguments.json:
        print(to_json(report))
    else:
        print_pairs(rows)
    return exit_codes.OK
