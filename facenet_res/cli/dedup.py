"""`facenet-res dedup DIR --out OUT`: copies of an image, and people in several."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_answer, stages
from facenet_res.cli.options import (
    Subparsers,
    add_command,
    add_model,
    add_operating_point,
    add_workers,
    open_recognizer,
)
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from facenet_res.dedup.progress import Progress
    from facenet_res.dedup.types import DedupReport

EXAMPLES = """examples:
  facenet-res dedup photos/ --out report/
  facenet-res dedup photos/ --out report/ --fmr 1e-4 --workers 8
  facenet-res dedup photos/ --out report/ --exact-only

Writes report.html (one page, thumbnails inside), report.json, groups.csv and summary.txt. Nothing
in DIR is changed. The same command again resumes where it was stopped. OUT holds embeddings and
thumbnails of people: protect it as you protect the images."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "find copies of images, and people who appear in several"
    parser = add_command(subparsers, "dedup", run, summary, EXAMPLES)
    parser.add_argument("folder", type=Path, metavar="DIR", help="images, at any depth")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="folder for the report"
    )
    parser.add_argument(
        "--exact-only", action="store_true", help="byte-equal copies only; needs no model"
    )
    add_workers(parser)
    add_operating_point(parser)
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Searches and writes the report."""
    from facenet_res.dedup.config import DedupConfig
    from facenet_res.dedup.run import deduplicate

    config = DedupConfig(
        near_copies=not arguments.exact_only,
        workers=arguments.workers,
    )
    folders = (arguments.folder, arguments.out)
    with stages() as tell:

        def on_progress(now: "Progress") -> None:
            tell(now.stage.value, now.done, now.total)

        if arguments.exact_only:
            report = deduplicate(*folders, config, on_progress=on_progress)
        else:
            with open_recognizer(arguments) as recognizer:
                report = recognizer.deduplicate(
                    *folders,
                    fmr=arguments.fmr,
                    threshold=arguments.threshold,
                    config=config,
                    on_progress=on_progress,
                )
    for item in report.groups.skipped:
        note(f"skipped {item.path}: {item.message}")
    _print(arguments, report)
    return exit_codes.OK


def _print(arguments: Namespace, report: "DedupReport") -> None:
    from dataclasses import asdict

    counts = report.groups.counts
    page = arguments.out / "report.html"
    document = {
        "folder": report.folder,
        "model_id": report.model_id,
        "counts": asdict(counts),
        "copy_groups": len(report.groups.copies),
        "person_groups": len(report.groups.people),
        "skipped": [asdict(item) for item in report.groups.skipped],
        "report": str(page),
    }
    rows = [
        ("files", f"{counts.files}, {counts.photos} of them images"),
        ("byte-equal copies", str(counts.byte_equal_copies)),
        ("near copies", str(counts.near_copies)),
        ("groups of copies", str(len(report.groups.copies))),
        ("people in several images", str(len(report.groups.people))),
        ("skipped", str(counts.skipped)),
        ("size of the copies", f"{counts.excess_bytes / 1e6:.1f} MB"),
        ("report", str(page)),
    ]
    print_answer(document, rows, as_json=arguments.json)
