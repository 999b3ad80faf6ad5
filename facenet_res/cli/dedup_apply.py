"""`facenet-res dedup apply OUT`: carries out what a report suggests and a review confirmed."""

from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from facenet_res.cli.console import note, print_answer
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.dedup.apply import Outcome
    from facenet_res.dedup.removal_plan import Removal

KINDS = ("byte-equal", "same pixels", "re-encoded", "edited", "overlay")
NOTES = """examples:
  facenet-res dedup apply report/ --to removed/ --dry-run
  facenet-res dedup apply report/ --to removed/
  facenet-res dedup apply report/ --hard-link
  facenet-res dedup apply report/ --to removed/ --script plan.sh
  facenet-res dedup apply report/ --undo

Takes byte-equal files, equal pixels and re-encoded copies, and whatever else was confirmed in
`dedup review`. Before a file is touched, its SHA-256 and that of the file that stays are checked:
what changed since the report is left alone. Links are made of byte-equal files only. Steps are
kept in OUT/applied.jsonl; --undo takes them back."""


def add_parser(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "move copies away or link them, after a review"
    parser = add_command(subparsers, "dedup apply", run, summary, NOTES)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the report")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="DIR", help="move copies there")
    what.add_argument("--hard-link", action="store_true", help="make them hard links")
    what.add_argument("--reflink", action="store_true", help="let them share blocks (btrfs, xfs)")
    what.add_argument("--undo", action="store_true", help="take back what was applied")
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=KINDS,
        default=KINDS[:3],
        metavar="KIND",
        help=f"classes taken without a review (default: {', '.join(KINDS[:3])})",
    )
    parser.add_argument("--script", type=Path, metavar="FILE", help="write a shell script instead")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done")


def run(arguments: Namespace) -> int:
    """Carries out the plan, or takes it back."""
    from facenet_res.dedup import apply

    folder = report_folder(arguments.out)
    if arguments.undo:
        return _tell(arguments, list(apply.undo(folder, arguments.out)), "restored")
    plan = _plan(arguments)
    if arguments.dry_run:
        return _tell(arguments, [apply.Outcome(each, True) for each in plan], "would be removed")
    if arguments.script is not None:
        if arguments.to is None:
            raise ArgumentInvalid("a script moves files: name the folder, --to DIR")
        lines = apply.script(folder, plan, arguments.to.absolute())
        text = "".join(f"{line}\n" for line in lines)
        arguments.script.write_text(text, "utf-8", "surrogateescape")
        return _tell(arguments, [apply.Outcome(each, True) for each in plan], "in the script")
    action = apply.Action.MOVE
    if arguments.hard_link or arguments.reflink:
        action = apply.Action.HARD_LINK if arguments.hard_link else apply.Action.REFLINK
    outcomes = list(apply.apply_plan(folder, arguments.out, plan, action, arguments.to))
    return _tell(arguments, outcomes, "removed" if arguments.to else "linked")


def report_folder(out: Path) -> Path:
    """The folder of images that a report is about.

    Raises:
        FileMissing: there is no report.
        DataInvalid: it is damaged.
    """
    import json

    from facenet_res.core.errors import DataInvalid, FileMissing

    report = out / "report.json"
    if not report.is_file():
        raise FileMissing(f"{out} holds no report: run facenet-res dedup first")
    try:
        return Path(json.loads(report.read_bytes())["root"])
    except (ValueError, KeyError) as error:
        raise DataInvalid(f"{report} is damaged; run facenet-res dedup again") from error


def _plan(arguments: Namespace) -> "list[Removal]":
    from facenet_res.dedup.decisions import read_decisions
    from facenet_res.dedup.groups_file import read_groups
    from facenet_res.dedup.removal_plan import removals
    from facenet_res.dedup.types import CopyKind

    kinds = {CopyKind(kind) for kind in arguments.kinds}
    return removals(read_groups(arguments.out), read_decisions(arguments.out), kinds)


def _tell(arguments: Namespace, outcomes: "list[Outcome]", word: str) -> int:
    """Exit status 2 where something was left alone."""
    from dataclasses import asdict

    left = [each for each in outcomes if not each.is_done]
    for each in left:
        note(f"left alone {each.removal.path}: {each.message}")
    done = Counter(each.removal.why for each in outcomes if each.is_done)
    rows = [(f"{word}, {why}", str(count)) for why, count in sorted(done.items())]
    rows.append(("left alone", str(len(left))))
    print_answer({"steps": [asdict(each) for each in outcomes]}, rows, as_json=arguments.json)
    return exit_codes.INPUT if left else exit_codes.OK
