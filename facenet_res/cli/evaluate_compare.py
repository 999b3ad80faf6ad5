"""`facenet-res evaluate compare`: judged models row by row."""

from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from facenet_res.cli.console import print_json, print_table
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes

NOTES = """examples:
  facenet-res evaluate compare new=report/judged.json old=before/judged.json

Each FILE is a judged.json that `facenet-res evaluate card` wrote; NAME heads its column."""


def add_parser(protocols: Subparsers) -> None:
    """Adds the command."""
    summary = "show the figures of judged models row by row"
    parser = add_command(protocols, "compare", run, summary, NOTES)
    parser.add_argument("records", nargs="+", type=_named, metavar="NAME=FILE", help="a record")


def run(arguments: Namespace) -> int:
    """Prints the table."""
    from facenet_res.evaluation.judged_compare import compared, read_judged

    table = compared({name: read_judged(path) for name, path in arguments.records})
    if arguments.json:
        print_json([dict(zip(table.header, row, strict=True)) for row in table.rows])
    else:
        print_table(table.header, table.rows)
    return exit_codes.OK


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise ArgumentTypeError(f"must be NAME=FILE, got {text!r}")
    return name, Path(path)
