"""Settings of the server, and the only place that reads the environment.

Each setting can come from a flag (`--grace-s 5`), an environment variable
(FACENET_RES_SERVER_GRACE_S=5) or a line of the TOML file that --config names (`grace_s = 5`); the
first of these that sets it wins. An unknown name is an error, wherever it stands.
"""

import argparse
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from facenet_res.core.argument_parser import HelpFormatter, Parser
from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.core.manifest import FMR_DEFAULT
from facenet_res.core.model_names import DEFAULT
from facenet_res.core.typed_values import described, typed
from facenet_res.faces.names import DETECTOR_DEFAULT
from facenet_res.imaging.decode import ImageLimits
from facenet_res.inference.config import Device, Engine, Precision
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.server.address import split_address

ENV_PREFIX = "FACENET_RES_SERVER_"
CONFIG_ENV = ENV_PREFIX + "CONFIG"

NO_PATH = Path()
"""Stands for "not given" in path settings."""


def _whole(least: int, most: int, words: str) -> Any:
    return Meta(ge=least, le=most, description=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything that can be set; `Meta` says what `--help` says of it, and its range.

    Raises:
        ConfigInvalid: two settings do not go together, or there is no gallery.
    """

    gallery: Annotated[
        str, Meta(description="folder of the gallery, or its postgresql:// URL; required")
    ] = ""
    create: Annotated[bool, Meta(description="create the gallery where there is none")] = False
    address: Annotated[
        str, Meta(description="host:port to listen at; * for every address, port 0 picks one")
    ] = "127.0.0.1:50051"
    model: Annotated[str, Meta(description="name of a model, or a model folder")] = DEFAULT
    engine: Annotated[Engine, Meta(description="runtime of the network")] = "auto"
    device: Annotated[Device, Meta(description="where it runs; used, or an error")] = "auto"
    precision: Annotated[Precision, Meta(description="of the network")] = "auto"
    compiled_cache: Annotated[
        bool, Meta(description="keep the compiled network in the user's cache folder")
    ] = True
    detector: Annotated[str, Meta(description="face detector: mtcnn or yunet")] = DETECTOR_DEFAULT
    detector_model: Annotated[Path, Meta(description="ONNX file of yunet")] = NO_PATH
    face_px_min: Annotated[
        float,
        Meta(ge=0, description="smallest face of mtcnn, pixels; 0: 20, or 1/64 of the longer side"),
    ] = 0.0
    fmr: Annotated[
        float, Meta(gt=0, lt=1, description="FMR that decides where a request names none")
    ] = FMR_DEFAULT
    image_bytes_max: Annotated[int, _whole(1, 512 << 20, "largest image file, bytes")] = 32 << 20
    image_pixels_max: Annotated[int, _whole(1, 1 << 30, "most pixels of an image")] = 50_000_000
    batch_images_max: Annotated[
        int, _whole(1, 1024, "most images of one EmbedBatch, most faces of one EmbedAligned")
    ] = 64
    requests_max: Annotated[int, _whole(1, 65_536, "most requests served at once")] = 256
    deadline_s_max: Annotated[
        float, Meta(ge=0.001, le=3600, description="longest time of a request, seconds")
    ] = 60.0
    grace_s: Annotated[
        float, Meta(ge=0, le=3600, description="time for requests to end at a stop, seconds")
    ] = 10.0
    workers: Annotated[int, _whole(0, 1024, "threads that decode and detect; 0: one a core")] = 0
    batch_max: Annotated[int, _whole(1, 1024, "most faces of one engine call")] = 32
    queue_max: Annotated[int, _whole(1, 1_000_000, "faces allowed to wait for the engine")] = 1024
    log_format: Annotated[Literal["text", "json"], Meta(description="form of log lines")] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least severe line to log")
    ] = "info"
    metrics_address: Annotated[
        str, Meta(description="host:port of /metrics for Prometheus; empty for none")
    ] = ""
    metrics_every_s: Annotated[
        float, Meta(ge=0, le=86_400, description="time between log lines of metrics; 0: none")
    ] = 60.0

    def __post_init__(self) -> None:
        split_address(self.address)
        if self.metrics_address:
            split_address(self.metrics_address)
        if not self.gallery:
            raise ConfigInvalid("no gallery is named: pass --gallery DIR")
        if "\0" in self.gallery:
            raise ConfigInvalid(f"gallery is a folder or a URL, got {self.gallery!a}")
        self.recognizer()

    def recognizer(self) -> RecognizerConfig:
        """The settings of the recognizer among these.

        Raises:
            ConfigInvalid: one of them is out of range.
        """
        return RecognizerConfig(
            model=self.model,
            detector=self.detector,
            detector_model=None if self.detector_model == NO_PATH else self.detector_model,
            face_px_min=self.face_px_min or None,
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            batch_max=self.batch_max,
            is_cached=self.compiled_cache,
            limits=ImageLimits(bytes_max=self.image_bytes_max, pixels_max=self.image_pixels_max),
            fmr=self.fmr,
        )

    @property
    def request_bytes_max(self) -> int:
        """Largest request: two images of the greatest size, as VerifyImages sends, and words."""
        return 2 * self.image_bytes_max + (1 << 20)

    @property
    def worker_count(self) -> int:
        """Threads that decode and detect."""
        return self.workers or os.cpu_count() or 1


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
    return ServerConfig(**values)


def _checked(values: Mapping[str, Any], origin: str, *, is_text: bool) -> dict[str, Any]:
    """The values that a source sets, as their types; what it does not set stays away."""
    # Not every source names a gallery.
    spare = {"gallery": ".x"} if "gallery" not in values else {}
    whole = typed(ServerConfig, {**spare, **values}, origin, error=ConfigInvalid, is_text=is_text)
    return {name: getattr(whole, name) for name in values}


EXAMPLES = (
    """examples:
  {program} --gallery staff --create
  {program} --gallery staff --address 0.0.0.0:50051 --model dlib-resnet
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
        usage="%(prog)s --gallery DIR [options]",
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
