"""`facenet-res dedup review OUT`: the report in a browser, with decisions."""

import sys
from argparse import Namespace
from pathlib import Path

from facenet_res.cli.console import note, print_json
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.errors import PortInUse

NOTES = """examples:
  facenet-res dedup review report/
  facenet-res dedup review report/ --port 8321

Prints an address with a token, for this machine only, and serves the report until Ctrl-C. Each
decision is saved at once in OUT/decisions.jsonl; the next `dedup` and `dedup apply` follow it."""


def add_parser(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "look at a report in a browser, and decide"
    parser = add_command(subparsers, "dedup review", run, summary, NOTES)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the report")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port of 127.0.0.1 (default: a free one)"
    )


def run(arguments: Namespace) -> int:
    """Serves until it is stopped."""
    from facenet_res.dedup.review import ReviewServer

    try:
        server = ReviewServer(arguments.out, arguments.port)
    except (OSError, OverflowError) as error:
        raise PortInUse(f"port {arguments.port} of 127.0.0.1: {error}") from error
    with server:
        if arguments.json:
            print_json({"url": server.url})
        else:
            print(server.url)
        sys.stdout.flush()
        note("open this address in a browser on this machine; Ctrl-C ends")
        server.serve_forever()
    return exit_codes.OK
