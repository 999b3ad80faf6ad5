"""All commands: the grammar of the command line, and the exit status of each kind of end."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from facenet_res import __version__
from facenet_res.cli import (
    calibrate,
    completion,
    dedup,
    develop,
    evaluate,
    faces,
    gallery,
    keys,
    models,
    serve,
    verify,
    version,
)
from facenet_res.cli.console import complain, prepare_streams, print_json, set_verbosity
from facenet_res.cli.options import add_general
from facenet_res.core import exit_codes
from facenet_res.core.argument_parser import HelpFormatter, Parser
from facenet_res.core.errors import DiskFull, FacenetError, FileMissing
from facenet_res.core.files import FULL
from facenet_res.core.process_environment import prepare_environment

PROGRAM = "facenet-res"
DEBUG_ENV = "FACENET_RES_DEBUG"
DESCRIPTION = "Face recognition on this machine: images and embeddings never leave it."
JOBS = """verify: do two images show the same person?
  facenet-res verify passport.jpg selfie.jpg

identify: who of the enrolled people is in an image?
  facenet-res gallery create --gallery staff
  facenet-res gallery enroll ada ada.jpg --gallery staff
  facenet-res gallery identify visitor.jpg --gallery staff

deduplicate: which files are copies, and who appears in several images?
  facenet-res dedup photos/ --out report/"""
STATUSES = """exit status:
  0    success, or at least one file of a batch was processed
  1    the answer is "no", and --exit-code was given
  2    invalid input: an argument, a file, an image without a face
  3    conflict with stored data: unknown person, gallery of another model
  4    unavailable: gallery locked, server unreachable, disk full, ...
  70   internal error; please report it with the trace that --debug shows
  130  stopped by Ctrl-C (143 by SIGTERM)

Results go to stdout, progress and remarks to stderr. With --json a command that fails also prints
{"error": {"reason": "NO_FACE", "message": "..."}} on stdout."""
GROUPS = (
    ("commands", (faces, verify, gallery, dedup, serve, keys)),
    ("models", (models, calibrate, evaluate, develop)),
    ("other", (version, completion)),
)


def main(words: Sequence[str]) -> int:
    """Runs one command; the exit status."""
    prepare_streams()
    prepare_environment()
    parser = build_parser()
    completion.complete(parser)
    if not words:
        print(overview(parser))
        return exit_codes.OK
    words = dedup.joined(words)
    arguments = serve.parsed(words) or parser.parse_args(words)
    set_verbosity(verbose=arguments.verbose, quiet=arguments.quiet)
    shows_trace = arguments.debug or bool(os.environ.get(DEBUG_ENV))
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has closed the pipe. Python would complain at exit otherwise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except Exception as error:
        if shows_trace:
            traceback.print_exc()
        return _reported(error, as_json=arguments.json)
    return code


def build_parser() -> Parser:
    """The whole grammar of the command line."""
    parser = Parser(
        prog=PROGRAM, usage=f"{PROGRAM} COMMAND ...", formatter_class=HelpFormatter, add_help=False
    )
    add_general(parser)
    parser.set_defaults(json=False, debug=False, verbose=False, quiet=False)
    parser.add_argument(
        "--version",
        action="version",
        version=f"facenet-res {__version__}",
        help="print the version",
    )
    commands = parser.add_subparsers(
        prog=PROGRAM, metavar="COMMAND", required=True, help=argparse.SUPPRESS
    )
    listed = []
    for title, modules in GROUPS:
        before = set(commands.choices)
        for module in modules:
            module.add_parsers(commands)
        names = [name for name in commands.choices if name not in before]
        lines = [f"  {name:<12}{commands.choices[name].description}" for name in names]
        listed.append("\n".join((f"{title}:", *lines)))
    parser.description = "\n\n".join((DESCRIPTION, JOBS, *listed))
    parser.epilog = STATUSES
    return parser


def overview(parser: Parser) -> str:
    """What `facenet-res` alone prints: the three jobs and the commands."""
    hint = "`facenet-res COMMAND --help` shows the options and examples of a command."
    return f"{parser.format_usage()}\n{parser.description}\n\n{hint}"


def _reported(error: Exception, *, as_json: bool) -> int:
    """One sentence on stderr, in JSON on stdout too, and the status that goes with it."""
    known = _of_ours(error)
    if known is None:
        reason, code = "INTERNAL", exit_codes.BUG
        message = f"internal error, {type(error).__name__}: {error} (--debug shows the trace)"
    else:
        reason, code = known.reason, exit_codes.exit_code_of(known)
        message = " ".join(str(known).splitlines())
    complain(f"facenet-res: {message}")
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
    # The system refused a path, and no module of ours has said so already.
    return FileMissing(f"cannot use {os.fsdecode(error.filename)}: {error.strerror}")
