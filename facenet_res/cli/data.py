"""`facenet-res develop data`: counts and checks training data."""

import dataclasses
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli import data_clean
from facenet_res.cli.console import note, print_json, print_pairs, progress
from facenet_res.cli.options import Subparsers, add_command, add_group
from facenet_res.core import exit_codes

if TYPE_CHECKING:
    from facenet_res.data.records import Fault
    from facenet_res.data.summary import Summary

SHOWN_MAX = 20
EXAMPLES = """examples:
  facenet-res develop data inspect crops.zip
  facenet-res develop data inspect faces/              (faces/ada/1.jpg, ...)
  facenet-res develop data inspect 'shards/shard-{000..099}.tar'
  facenet-res develop data inspect faces_emore/ --check --json

Reads what a training reads: a folder for each identity, a zip of it, WebDataset tars, TFRecord
files or InsightFace's train.rec; see docs/data.md. Without --check only the index is read; with it
every image is decoded."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    actions = add_group(subparsers, "data", "inspect and clean training data", EXAMPLES)
    data_clean.add_parser(actions)
    parser = add_command(
        actions, "inspect", run, "count images and identities of a training set", EXAMPLES
    )
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="folder, file, or pattern of files in quotes"
    )
    parser.add_argument(
        "--check", action="store_true", help="decode every image and list the unreadable ones"
    )


def run(arguments: Namespace) -> int:
    """Prints the counts."""
    from facenet_res.data.crops import fingerprint, open_crops
    from facenet_res.data.summary import summarize, unreadable

    with open_crops(arguments.path) as source:
        summary = summarize(source)
        faults: list[Fault] = list(summary.faults)
        digest = ""
        if arguments.check:
            with progress(len(source), "images") as tell:
                faults += unreadable(source, tell)
            digest = fingerprint(source)
    if arguments.json:
        print_json(_document(summary, faults, digest))
        return exit_codes.OK
    print_pairs(_rows(summary, faults, digest))
    for remark in summary.remarks:
        note(remark)
    for each in faults[:SHOWN_MAX]:
        note(f"unreadable: {each.name}: {each.reason}")
    if len(faults) > SHOWN_MAX:
        note(f"and {len(faults) - SHOWN_MAX} more; --json lists all")
    return exit_codes.OK


def _rows(summary: "Summary", faults: "list[Fault]", digest: str) -> list[tuple[str, str]]:
    spread = (
        f"{summary.per_identity_min} to {summary.per_identity_max}, "
        f"half of them {summary.per_identity_median:g} or more"
    )
    rows = [
        ("format", summary.kind),
        ("images", f"{summary.images:,}"),
        ("identities", f"{summary.identities:,}"),
        ("images per identity", spread),
        ("identities with one image", f"{summary.single:,}"),
        ("images without identity", f"{summary.unlabelled:,}"),
        ("images with suspicious label", f"{summary.suspicious:,}"),
        ("unused labels", f"{summary.label_gaps:,}"),
        ("unreadable", f"{len(faults):,}{'' if digest else ' in the index; --check decodes all'}"),
    ]
    return [*rows, ("sha256", digest)] if digest else rows


def _document(summary: "Summary", faults: "list[Fault]", digest: str) -> dict[str, Any]:
    counts = dataclasses.asdict(summary)
    del counts["faults"]
    return {
        **counts,
        "is_checked": bool(digest),
        "sha256": digest or None,
        "unreadable": [dataclasses.asdict(each) for each in faults],
    }
