"""`facenet-res dedup DIR --out OUT`: copies of an image, and people in several.

`dedup review`, `apply` and `enroll` are commands of their own; a folder named so is `./apply`.
"""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli import dedup_apply, dedup_enroll, dedup_review
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
  facenet-res dedup review report/
  facenet-res dedup apply report/ --to removed/

Writes report.html, report.json, groups.csv, groups.parquet and summary.txt. Nothing in DIR is
changed. The same command again resumes where it was stopped, and follows what was decided in
`dedup review`. OUT holds embeddings and thumbnails of people: protect it as you protect the
images."""
PARTS = ("apply", "enroll", "review")


def joined(words: Sequence[str]) -> Sequence[str]:
    """The words of a command line; `dedup apply` becomes the one word that names the command."""
    if len(words) > 1 and words[0] == "dedup" and words[1] in PARTS:
        return (f"dedup {words[1]}", *words[2:])
    return words


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command, and those that take its report."""
    summary = "find copies of images, and people who appear in several"
    parser = add_command(subparsers, "dedup", run, summary, EXAMPLES)
    parser.add_argument("folder", type=Path, metavar="DIR", help="images, at any depth")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="folder for the report"
    )
    parser.add_argument(
        "--exact-only", action="store_true", help="byte-equal copies only; needs no model"
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="CSV or Parquet with a column path: only these files of DIR",
    )
    parser.add_argument(
        "--two-in-an-image",
        action="store_true",
        help="let two faces of one image be one person (collages, mirrors)",
    )
    parser.add_argument(
        "--identities",
        action="store_true",
        help="each folder in DIR is one enrolled person: list those who are there twice",
    )
    add_workers(parser)
    add_operating_point(parser)
    add_model(parser)
    dedup_review.add_parser(subparsers)
    dedup_apply.add_parser(subparsers)
    dedup_enroll.add_parser(subparsers)


def run(arguments: Namespace) -> int:
    """Searches and writes the report."""
    from facenet_res.dedup.config import DedupConfig
    from facenet_res.dedup.manifest import read_manifest
    from facenet_res.dedup.run import deduplicate

    config = DedupConfig(
        only=None if arguments.manifest is None else read_manifest(arguments.manifest),
        near_copies=not arguments.exact_only,
        two_in_an_image=arguments.two_in_an_image,
        identities=arguments.identities,
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
        "identity_duplicates": [asdict(item) for item in report.groups.identities],
        "skipped": [asdict(item) for item in report.groups.skipped],
        "report": str(page),
    }
    rows = [
        ("files", f"{counts.files}, {counts.photos} of them images"),
        ("byte-equal copies", str(counts.byte_equal_copies)),
        ("near copies", str(counts.near_copies)),
        ("groups of copies", str(len(report.groups.copies))),
        ("people in several images", str(len(report.groups.people))),
        *(
            [("identity duplicates", f"{len(report.groups.identities)}")]
            if arguments.identities
            else []
        ),
        ("faces set aside", f"{counts.faces_set_aside} of {counts.faces}"),
        ("skipped", str(counts.skipped)),
        ("size of the copies", f"{counts.excess_bytes / 1e6:.1f} MB"),
        ("report", str(page)),
    ]
    if arguments.identities:
        rows.insert(5, ("identity duplicates", str(len(report.groups.identities))))
    print_answer(document, rows, as_json=arguments.json)
