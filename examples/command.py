"""What the examples' commands share: their options, and to skip where the data are absent."""

import json
import shutil
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from facenet_res.cli.console import note, prepare_streams
from facenet_res.cli.keras_start import load_keras
from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError, StateError
from facenet_res.core.extras import require
from facenet_res.core.files import write_atomically
from facenet_res.core.process_environment import prepare_environment
from facenet_res.data.location import data_path


def run_example(
    module: str,
    description: str,
    needs: Sequence[str],
    run: Callable[[Namespace], None],
    argv: Sequence[str] | None,
) -> int:
    """Runs an example; the exit status, 0 where the data are absent and nothing was run.

    Args:
        module: name of the example's module.
        description: for --help.
        needs: files of the shared data that it reads.
        run: takes the options `out`, `runs`, `finished` and `smoke`.
        argv: the command line; None for the process's own.
    """
    prepare_streams()
    prepare_environment()
    parser = ArgumentParser(
        prog=f"python -m examples.{module}",
        description=description,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs/examples"),
        help="of the plots (default: %(default)s)",
    )
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs/examples") / module,
        help="of finished and unfinished trainings, which are not repeated (default: %(default)s)",
    )
    parser.add_argument(
        "--finished", action="store_true", help="report the finished trainings, train nothing"
    )
    parser.add_argument("--smoke", action="store_true", help="tiny networks, in seconds")
    arguments = parser.parse_args(argv)
    if arguments.smoke:
        # Never taken for the results of a full run, nor written over its plots.
        arguments.runs /= "smoke"
        if arguments.out == parser.get_default("out"):
            arguments.out = Path("build/examples")
    absent = [str(data_path(name)) for name in needs if not data_path(name).exists()]
    if absent:
        note(f"{parser.prog}: skipped, no {', '.join(absent)}: set FACENET_RES_DATA")
        return exit_codes.OK
    try:
        require("an example", ("keras", "matplotlib"), "train,plots")
        load_keras()
        run(arguments)
        sys.stdout.flush()
    except FacenetError as error:
        note(f"{parser.prog}: {error}")
        return exit_codes.exit_code_of(error)
    except KeyboardInterrupt:
        note("stopped; the same command goes on")
        return exit_codes.INTERRUPTED
    return exit_codes.OK


def recorded(
    path: Path, measure: Callable[[], dict[str, Any]], arguments: Namespace
) -> dict[str, Any]:
    """What was measured before, or measures it and writes it down as JSON.

    The state of an unfinished training lies beside it, in the folder of the same name without
    ".json"; it is deleted when the record is written.

    Raises:
        StateError: it was not, and the command line says to train nothing.
    """
    if path.exists():
        return dict(json.loads(path.read_text("utf-8")))
    if arguments.finished:
        raise StateError(f"{path} is not there: run without --finished to train")
    record = measure()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(record).encode())
    shutil.rmtree(path.with_suffix(""), ignore_errors=True)
    return record
