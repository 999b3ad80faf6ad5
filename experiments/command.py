"""What the experiments' commands share: run, and turn an error into one sentence and a status."""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence

from facenet_res.cli.console import note, prepare_streams
from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError
from facenet_res.core.process_environment import prepare_environment


def command_parser(name: str, description: str) -> ArgumentParser:
    """A parser for `python -m experiments.NAME` that prints the description as written."""
    return ArgumentParser(
        prog=f"python -m experiments.{name}",
        description=description,
        formatter_class=RawDescriptionHelpFormatter,
    )


def run_command(
    parser: ArgumentParser, run: Callable[[Namespace], int], argv: Sequence[str] | None
) -> int:
    """Parses the arguments and runs; the exit status, as facenet_res.core.exit_codes has it."""
    prepare_streams()
    prepare_environment()
    arguments = parser.parse_args(argv)
    try:
        status = run(arguments)
        sys.stdout.flush()
    except FacenetError as error:
        note(f"{parser.prog}: {error}")
        return exit_codes.exit_code_of(error)
    except KeyboardInterrupt:
        note("stopped")
        return exit_codes.INTERRUPTED
    return status
