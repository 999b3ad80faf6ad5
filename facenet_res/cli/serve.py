"""`facenet-res serve`: runs the gRPC server, whose settings are options of its own."""

from argparse import Namespace
from collections.abc import Sequence

from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core.extras import require

NAME = "serve"
SUMMARY = "serve a gallery and the recognizer over gRPC"
MODULES = ("grpc", "grpc_health", "grpc_reflection")


def add_parsers(subparsers: Subparsers) -> None:
    """Lists the command. The server parses its options: they are its settings."""
    add_command(subparsers, NAME, _run, SUMMARY)


def parsed(words: Sequence[str]) -> Namespace | None:
    """The arguments of `main` where the words start the server; None for another command."""
    if list(words[:1]) != [NAME]:
        return None
    return Namespace(run=_run, words=words[1:], debug=False, json=False, verbose=False, quiet=False)


def _run(arguments: Namespace) -> int:
    require("the server", MODULES, "server")
    from facenet_res.server.__main__ import main

    return main(arguments.words, program="facenet-res serve")
