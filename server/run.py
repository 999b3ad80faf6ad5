"""Reads the settings, serves, and tells what happened by a status."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from facenet_res.core import exit_codes
from facenet_res.core.errors import FacenetError
from facenet_res.server.checking import check
from facenet_res.server.lifecycle import serve
from facenet_res.server.logs import logging_to_stderr
from facenet_res.server.settings import read_config


def run(arguments: Sequence[str], began_s: float, program: str) -> int:
    """Serves until a signal; the exit status.

    Args:
        arguments: of the command line.
        began_s: when the process began, by `time.perf_counter`.
        program: how it was called, for `--help`.
    """
    try:
        config = read_config(arguments, os.environ, program)
    except FacenetError as error:
        return _refused(error)
    with logging_to_stderr(config.log_format, config.log_level):
        try:
            if config.check:
                check(config)
                _announce(f"settings, files and model are fine; {program} would serve")
            else:
                asyncio.run(serve(config, _announce, began_s))
        except FacenetError as error:
            return _refused(error)
    return exit_codes.OK


def _refused(error: FacenetError) -> int:
    _say(sys.stderr, f"server: {error}")
    return exit_codes.exit_code_of(error)


def _announce(line: str) -> None:
    _say(sys.stdout, line)


def _say(stream: TextIO | None, line: str) -> None:
    """A line for whoever reads it; that nobody does (`>&-`, a broken pipe) ends no server."""
    if stream is None:
        return
    try:
        stream.write(line + "\n")
        stream.flush()
    except OSError:
        # What is still buffered would fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
