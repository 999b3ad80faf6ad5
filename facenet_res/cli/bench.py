"""`facenet-res bench`: what this machine does, measured on it."""

import datetime
import os
import platform
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facenet_res.cli.console import note, print_json
from facenet_res.cli.options import Subparsers, add_command, add_model
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

if TYPE_CHECKING:
    from facenet_res.cli.bench_request import Profile

PEOPLE_MAX = 1_000_000
ROUNDS_MAX = 100_000
EXAMPLES = """examples:
  facenet-res bench request portrait.jpg
  facenet-res bench request portrait.jpg --people 100000 --rounds 200
  facenet-res bench request portrait.jpg --json | jq .whole_over_sum

One identification by one client: every stage alone, the whole through a server of its own (from a
checkout; the wheel has no server), medians of interleaved rounds. The bound is what the stage
cannot be faster than on this machine, measured in the same rounds. Keep the machine quiet."""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the commands."""
    group = add_command(
        subparsers, "bench", lambda _: exit_codes.INPUT, "measure this machine: request", EXAMPLES
    )
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = add_command(
        commands, "request", run, "show where the time of one request goes", EXAMPLES
    )
    parser.add_argument("image", type=Path, metavar="IMG", help="a photograph with a face")
    parser.add_argument(
        "--people", type=int, default=10_000, metavar="N", help="people in the gallery"
    )
    parser.add_argument("--rounds", type=int, default=50, metavar="N", help="rounds to measure")
    add_model(parser)


def run(arguments: Namespace) -> int:
    """Measures and prints the profile."""
    for flag, value, most in (
        ("--people", arguments.people, PEOPLE_MAX),
        ("--rounds", arguments.rounds, ROUNDS_MAX),
    ):
        if not 1 <= value <= most:
            raise ArgumentInvalid(f"{flag} must be in [1, {most}], got {value}")
    from facenet_res.cli.bench_request import profile_request

    profile = profile_request(arguments)
    if arguments.json:
        print_json(_document(profile, arguments))
    else:
        _print(profile, arguments)
    return exit_codes.OK


def _print(profile: "Profile", arguments: Namespace) -> None:
    """A table in Markdown, as it stands in docs/performance.md."""
    rows = [
        (
            stage.name,
            f"{stage.ms:.2f}",
            "" if stage.bound_ms is None else f"{stage.bound_ms:.2f}",
            "" if stage.bound_ms is None else f"{stage.ms / stage.bound_ms:.1f}",
            stage.bound_is if stage.bound_ms is not None else "",
        )
        for stage in profile.stages
    ]
    rows.append(("sum", f"{profile.sum_ms:.2f}", "", "", ""))
    if profile.whole_ms is not None:
        spread = f"10 to 90 %: {profile.whole_low_ms:.2f} to {profile.whole_high_ms:.2f} ms"
        rows.append(("whole", f"{profile.whole_ms:.2f}", "", "", spread))
    header = ("stage", "ms", "bound ms", "times", "bound")
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for line in (header, tuple("-" * width for width in widths), *rows):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |")
    if profile.whole_ms is None:
        note("wire and whole were not measured: the server runs from a checkout only")
    else:
        print(f"\nwhole over sum: {profile.whole_ms / profile.sum_ms:.2f}")
    print(_conditions(profile, arguments))


def _conditions(profile: "Profile", arguments: Namespace) -> str:
    return (
        f"{profile.width_px} x {profile.height_px} px, {profile.faces} face(s), "
        f"{arguments.people} people, {profile.engine}, detector {arguments.detector}, "
        f"{os.cpu_count()} cores ({platform.machine()}), {arguments.rounds} rounds, "
        f"{datetime.date.today():%Y-%m-%d}"
    )


def _document(profile: "Profile", arguments: Namespace) -> dict[str, Any]:
    whole = profile.whole_ms
    return {
        "stages": [
            {
                "name": stage.name,
                "ms": stage.ms,
                "bound_ms": stage.bound_ms,
                "bound": stage.bound_is if stage.bound_ms is not None else None,
            }
            for stage in profile.stages
        ],
        "sum_ms": profile.sum_ms,
        "whole_ms": whole,
        "whole_low_ms": profile.whole_low_ms,
        "whole_high_ms": profile.whole_high_ms,
        "whole_over_sum": None if whole is None else whole / profile.sum_ms,
        "width_px": profile.width_px,
        "height_px": profile.height_px,
        "faces": profile.faces,
        "people": arguments.people,
        "engine": profile.engine,
        "rounds": arguments.rounds,
    }
