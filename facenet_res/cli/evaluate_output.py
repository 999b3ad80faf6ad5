"""What every `facenet-res evaluate` command does at its end, and the options it shares."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_pairs, progress
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facenet_res.evaluation.image_source import ImageSource
    from facenet_res.evaluation.photos import PhotosConfig
    from facenet_res.evaluation.report import Report, Row
    from facenet_res.evaluation.subjects import EmbeddedSubjects
    from facenet_res.recognizer.recognizer import FaceRecognizer


OPTIONS: dict[str, dict[str, Any]] = {
    "--images": {
        "type": Path,
        "required": True,
        "metavar": "DIR_OR_ZIP",
        "help": "images; a zip is read in place",
    },
    "--aligned": {"action": "store_true", "help": "the images are aligned crops of 112x112 px"},
    "--only": {
        "type": Path,
        "metavar": "FILE",
        "help": "names of the people to take, one per line",
    },
    "--people": {"type": int, "default": 30, "metavar": "N", "help": "people enrolled (30)"},
    "--unknown": {"type": int, "default": 10, "metavar": "N", "help": "non-enrolled people (10)"},
    "--each": {"type": int, "default": 3, "metavar": "N", "help": "images enrolled of each (3)"},
    "--no-flip": {"action": "store_true", "help": "do not add the embedding of the mirror image"},
    "--out": {
        "type": Path,
        "metavar": "DIR",
        "help": "folder for report.json, report.md and report.html",
    },
}


def add_options(parser: ArgumentParser, *names: str) -> None:
    """Options that several of these commands share."""
    for name in names:
        parser.add_argument(name, **OPTIONS[name])


def plan_config(arguments: Namespace) -> "PhotosConfig":
    """What --people, --unknown and --each say."""
    from facenet_res.evaluation.photos import PhotosConfig

    return PhotosConfig(
        people_enrolled=arguments.people,
        people_unknown=arguments.unknown,
        photos_enrolled=arguments.each,
    )


def embedded(
    arguments: Namespace,
    source: "ImageSource",
    names: "Sequence[str]",
    recognizer: "FaceRecognizer",
) -> "EmbeddedSubjects":
    """The subjects of images, detected and aligned first unless they are --aligned."""
    from facenet_res.evaluation.subjects import EmbeddedSubjects, embed_crops, embed_subjects

    with progress(len(names), "images") as tell:
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
