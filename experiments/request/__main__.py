"""`python -m experiments.request`: where the time of one identification goes on this machine."""

import datetime
import os
import platform
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from experiments.command import command_parser, run_command
from experiments.request.profile import Profile, profile_request
from facenet_res.core import exit_codes
from facenet_res.core.errors import ArgumentInvalid

PEOPLE_MAX = 1_000_000
ROUNDS_MAX = 100_000
DESCRIPTION = """Measures one identification by one client: each stage alone, and the whole request
through a server. Prints medians of interleaved rounds. The bound is what the
stage cannot beat on this machine, measured in the same rounds. Keep the
machine idle.

  OPENBLAS_THREAD_TIMEOUT=4 python -m experiments.request portrait.jpg"""


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the profile; the exit status."""
    parser = command_parser("request", DESCRIPTION)
    parser.add_argument("image", type=Path, metavar="IMG", help="an image with a face")
    parser.add_argument(
        "--people",
        type=int,
        default=10_000,
        metavar="N",
        help="people in the gallery (default: 10000)",
    )
    parser.add_argument(
        "--rounds", type=int, default=50, metavar="N", help="rounds to measure (default: 50)"
    )
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="model folder (default: the packaged model)"
    )
    return run_command(parser, _run, argv)


def _run(arguments: Namespace) -> int:
    for flag, value, most in (
        ("--people", arguments.people, PEOPLE_MAX),
        ("--rounds", arguments.rounds, ROUNDS_MAX),
    ):
        if not 1 <= value <= most:
            raise ArgumentInvalid(f"{flag} must be in [1, {most}], got {value}")
    profile = profile_request(
        arguments.image, arguments.people, arguments.rounds, model=arguments.model
    )
    _print_markdown(profile)
    print(f"\nwhole over sum: {profile.whole_ms / profile.sum_ms:.2f}")
    print(
        f"{profile.width_px} x {profile.height_px} px, {profile.faces} face(s), "
        f"{arguments.people} people, {profile.engine}, {os.cpu_count()} cores "
        f"({platform.machine()}), {arguments.rounds} rounds, {datetime.date.today():%Y-%m-%d}"
    )
    return exit_codes.OK


def _print_markdown(profile: Profile) -> None:
    """The table of docs/performance.md."""
    rows = [
        (
            stage.name,
            f"{stage.ms:.2f}",
            f"{stage.bound_ms:.2f}" if stage.bound_ms else "",
            f"{stage.ms / stage.bound_ms:.1f}" if stage.bound_ms else "",
            stage.bound_is if stage.bound_ms else "",
        )
        for stage in profile.stages
    ]
    rows.append(("sum", f"{profile.sum_ms:.2f}", "", "", ""))
    spread = f"10 to 90 %: {profile.whole_low_ms:.2f} to {profile.whole_high_ms:.2f} ms"
    rows.append(("whole", f"{profile.whole_ms:.2f}", "", "", spread))
    header = ("stage", "ms", "bound ms", "times", "bound")
    for line in (header, ("---",) * len(header), *rows):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    sys.exit(main())
