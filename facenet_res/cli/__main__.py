"""`facenet-res`: one command for each job, one status for each kind of end.

Nothing heavy is imported before a command runs, so that `--help` is instant.
"""

import argparse
import os
import sys
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from facenet_res import __version__
from facenet_res.cli import (
    data,
    dedup,
    evaluate,
    export,
    faces,
    gallery,
    models,
    quantise,
    serve,
    train,
    verify,
)
from facenet_res.cli.console import note, prepare_streams, print_json
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import DiskFull, FacenetError, FileMissing
from facenet_res.core.files import FULL
from facenet_res.core.process_environment import prepare_environment

DEBUG_ENV = "FACENET_RES_DEBUG"
DESCRIPTION = """Finds, compares, enrols, identifies and deduplicates faces on this machine."""
EPILOG = """examples:
  facenet-res verify passport.jpg selfie.jpg
  facenet-res gallery create --gallery staff
  facenet-res gallery enroll ada ada.jpg --gallery staff
  facenet-res gallery identify visitor.jpg --gallery staff
  facenet-res dedup photos/ --out report/

statuses:
  0    an answer was given, or at least one file of a batch was done
  1    the answer is "no", where --exit-code asked to hear it
  2    the input is wrong: an argument, a file, a photograph without a face
  3    the stored state forbids it: no such person, another model's gallery
  4    unavailable: gallery locked, server unreachable, engine missing, disk full
  70   a fault of ours; please report it with the trace of --debug
  130  stopped by Ctrl-C

Answers go to stdout, progress and remarks to stderr. With --json a command that fails prints
{"error": {"reason": "NO_FACE", "message": "..."}} on stdout as well.
`facenet-res COMMAND --help` has examples."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    prepare_streams()
    prepare_environment()
    words = sys.argv[1:] if argv is None else argv
    arguments = serve.parsed(words) or build_parser().parse_args(words)
    shows_trace = arguments.debug or bool(os.environ.get(DEBUG_ENV))
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us (`| head`) has seen enough. Python would complain at exit otherwise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except KeyboardInterrupt:
        note("stopped")
        return exit_codes.INTERRUPTED
    except Exception as error:
        if shows_trace:
            traceback.print_exc()
        return _reported(error, as_json=arguments.json)
    return code


def build_parser() -> ArgumentParser:
    """The whole grammar of the command line."""
    parser = ArgumentParser(
        prog="facenet-res",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"facenet-res {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups = (
        *(faces, verify, gallery, dedup, serve, evaluate),
        *(data, train, models, export, quantise),
    )
    for group in groups:
        group.add_parsers(commands)
    _add_version(commands)
    return parser


def _add_version(commands: Subparsers) -> None:
    add_command(
        commands, "version", _run_version, "print the version, the default model and its engine"
    )


def _run_version(arguments: Namespace) -> int:
    from facenet_res.core.artifact import default_artifact_dir
    from facenet_res.inference.open import open_embedder

    try:
        with open_embedder(default_artifact_dir()) as embedder:
            model, engine = embedder.model_id, embedder.description
    except FacenetError as error:
        model, engine = f"none ({error})", "none"
    if arguments.json:
        print_json({"version": __version__, "default_model": model, "engine": engine})
    else:
        print(f"facenet-res {__version__}, default model {model}, engine {engine}")
    return exit_codes.OK


def _reported(error: Exception, *, as_json: bool) -> int:
    """One sentence on stderr, in JSON on stdout too, and the status that goes with it."""
    known = _of_ours(error)
    if known is None:
        reason, code = "INTERNAL", exit_codes.BUG
        message = f"a fault of ours, {type(error).__name__}: {error} (--debug shows the trace)"
    else:
        reason, code = known.reason, exit_codes.exit_code_of(known)
        message = " ".join(str(known).splitlines())
    note(f"facenet-res: {message}")
    if as_json:
        print_json({"error": {"reason": reason, "message": message}})
    return code


def _of_ours(error: Exception) -> FacenetError | None:
    """The error as one of ours; None is a bug."""
    if isinstance(error, FacenetError):
        return error
    if not isinstance(error, OSError):
        return None
    if error.errno in FULL:
        return DiskFull(f"nothing could be written: {error.strerror}")
    if error.filename is None:
        return None
    # The last net: the system refused a path, and no room of ours has said so already.
    return FileMissing(f"cannot use {os.fsdecode(error.filename)}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main())
