"""Reads the server's settings, and is the only place that reads the environment.

Each setting can come from a flag (`--grace-s 5`), an environment variable
(FACENET_RES_SERVER_GRACE_S=5) or a line of the TOML file that --config names (`grace_s = 5`); the
first of these that sets it wins. An unknown name is an error, wherever it stands.
"""

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from facenet_res.core.argument_parser import HelpFormatter, Parser
from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.core.process_environment import data_folder
from facenet_res.core.typed_values import described, typed
from facenet_res.server.config import NO_PATH, ServerConfig

ENV_PREFIX = "FACENET_RES_SERVER_"
CONFIG_ENV = ENV_PREFIX + "CONFIG"
DEFAULT_GALLERY = "gallery"


def read_config(
    arguments: Sequence[str], environment: Mapping[str, str], program: str = "facenet-res serve"
) -> ServerConfig:
    """Joins flags, environment, TOML file and defaults.

    Args:
        arguments: the command line after the program's name; `--help` and unknown flags end the
            process, as argparse does.
        environment: variables by name.
        program: how it was called, for `--help`.

    Raises:
        ConfigInvalid: an unknown setting, a value of the wrong type or out of range.
        FileMissing: the TOML file cannot be read.
    """
    flags = vars(_parser(program).parse_args(arguments))
    path = flags.pop("config", None) or environment.get(CONFIG_ENV)
    variables = {
        name.removeprefix(ENV_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENV_PREFIX) and name != CONFIG_ENV
    }
    values: dict[str, Any] = {}
    if path:
        values |= _checked(_from_toml(Path(path)), f"config file {path}", is_text=False)
    values |= _checked(variables, f"the environment ({ENV_PREFIX}...)", is_text=True)
    values |= _checked(flags, "the command line", is_text=True)
    config = ServerConfig(**values)
    if not config.gallery:
        folder = data_folder(environment) / DEFAULT_GALLERY
        config = replace(config, gallery=str(folder), create=True)
    config.check_together()
    return config


def _checked(values: Mapping[str, Any], origin: str, *, is_text: bool) -> dict[str, Any]:
    """The values that a source sets, as their types; what it does not set stays away."""
    whole = typed(ServerConfig, values, origin, error=ConfigInvalid, is_text=is_text)
    return {name: getattr(whole, name) for name in values}


EXAMPLES = (
    """examples:
  {program}
  {program} --gallery staff --create
  {program} --gallery staff --address 0.0.0.0:50051 --tls-certificate server.pem \\
      --tls-key server.key --api-keys keys.json
  {program} --config server.toml

A line on stdout says when the server is ready; SIGTERM and Ctrl-C stop it after the requests at
hand. Each option is a setting: it is also read from the variable """
    + ENV_PREFIX
    + """NAME and from
the TOML file. See docs/server.md."""
)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=program,
        usage="%(prog)s [options]",
        description="Serves a gallery and the recognizer over gRPC.",
        epilog=EXAMPLES.format(program=program),
        formatter_class=HelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="TOML file of settings")
    words = described(ServerConfig)
    for entry in fields(ServerConfig):
        flag = "--" + entry.name.replace("_", "-")
        (kind, *_) = get_args(entry.type)
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=words[entry.name])
            continue
        shown = "" if entry.default in {NO_PATH, ""} else f" (default: {entry.default})"
        choices = get_args(kind)
        metavar = "|".join(choices) if choices else "DIR" if entry.name == "gallery" else "X"
        parser.add_argument(flag, metavar=metavar, help=words[entry.name] + shown)
    return parser


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileMissing(f"config file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"config file {path} is not TOML: {error}") from error
