"""`facenet-res completion SHELL`: prints what makes a shell complete commands and options."""

import os
from argparse import Namespace

from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes
from facenet_res.core.argument_parser import Parser

SHELLS = ("bash", "zsh", "fish")
REQUEST_ENV = "_ARGCOMPLETE"
EXAMPLES = """to have it now, and in each new shell:
  bash:  eval "$(facenet-res completion bash)"       add it to ~/.bashrc
  zsh:   eval "$(facenet-res completion zsh)"        add it to ~/.zshrc
  fish:  facenet-res completion fish | source        add it to config.fish"""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the command."""
    summary = "print the shell code that completes commands and options"
    parser = add_command(subparsers, "completion", run, summary, EXAMPLES, has_json=False)
    parser.add_argument("shell", choices=SHELLS, help="bash, zsh or fish")


def run(arguments: Namespace) -> int:
    """Prints the code."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["facenet-res"], shell=arguments.shell))
    return exit_codes.OK


def complete(parser: Parser) -> None:
    """Answers a shell that asks for completions, and ends the process; else does nothing."""
    if REQUEST_ENV in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
