"""Settings of the server, and the only place that reads the environment.

Each setting can come from a flag (`--grace-s 5`), an environment variable
(FACENET_RES_SERVER_GRACE_S=5) or a line of the TOML file that --config names (`grace_s = 5`); the
first of these that speaks wins. An unknown name is an error, wherever it stands.
"""

import argparse
import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, cast, get_args

from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.core.model_names import DEFAULT
from facenet_res.faces.names import DETECTOR_DEFAULT
from facenet_res.imaging.decode import ImageLimits
from facenet_res.inference.config import Device, Engine, Precision
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.server.address import split_address

ENV_PREFIX = "FACENET_RES_SERVER_"
CONFIG_ENV = ENV_PREFIX + "CONFIG"

LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")

NO_PATH = Path()
"""Stands for "not given" in path settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything that can be set; each field's note is what `--help` says of it.

    Raises:
        ConfigInvalid: a value is out of range.
    """

    gallery: Annotated[Path, "folder of the gallery; required"] = NO_PATH
    create: Annotated[bool, "make the gallery where there is none yet"] = False
    address: Annotated[str, "host:port to listen at; port 0 picks a free one"] = "127.0.0.1:50051"
    model: Annotated[str, "name of a model, or a model folder"] = DEFAULT
    engine: Annotated[str, "runtime of the network: auto, openvino, keras or onnx"] = "auto"
    device: Annotated[str, "where it runs: auto, cpu, gpu or tensorrt; used, or an error"] = "auto"
    precision: Annotated[str, "of the network: auto, f32, bf16, f16 or int8"] = "auto"
    compiled_cache: Annotated[bool, "keep the compiled network in the user's cache folder"] = True
    detector: Annotated[str, "face detector: mtcnn or yunet"] = DETECTOR_DEFAULT
    detector_model: Annotated[Path, "the detector's ONNX file, for yunet"] = NO_PATH
    face_px_min: Annotated[
        float, "smallest face mtcnn looks for, pixels; 0: 20, or 1/64 of the longer side"
    ] = 0.0
    fmr: Annotated[float, "decides where a request names no rate and no threshold, in (0, 1)"] = (
        1e-3
    )
    image_bytes_max: Annotated[int, "largest image file, in bytes"] = 32 << 20
    image_pixels_max: Annotated[int, "most pixels of an image"] = 50_000_000
    batch_images_max: Annotated[
        int, "most images of one EmbedBatch, most faces of one EmbedAligned"
    ] = 64
    requests_max: Annotated[int, "most requests served at once"] = 256
    deadline_s_max: Annotated[float, "longest time a request may take, in seconds"] = 60.0
    grace_s: Annotated[float, "time that requests get to end when the server stops, seconds"] = 10.0
    workers: Annotated[int, "threads that decode and detect; 0 means one for each core"] = 0
    batch_max: Annotated[int, "most faces of one engine call"] = 32
    queue_max: Annotated[int, "faces allowed to wait for the engine"] = 1024
    log_format: Annotated[str, "log lines as text or json"] = "text"
    log_level: Annotated[str, "least weighty line to log: debug, info, warning or error"] = "info"
    metrics_address: Annotated[str, "host:port of /metrics for Prometheus; empty for none"] = ""
    metrics_every_s: Annotated[float, "time between two log lines of metrics; 0 means none"] = 60.0

    def __post_init__(self) -> None:
        _one_of("log_format", self.log_format, LOG_FORMATS)
        _one_of("log_level", self.log_level, LOG_LEVELS)
        _within("image_bytes_max", self.image_bytes_max, 1, 512 << 20)
        _within("image_pixels_max", self.image_pixels_max, 1, 1 << 30)
        _within("batch_images_max", self.batch_images_max, 1, 1024)
        _within("requests_max", self.requests_max, 1, 65_536)
        _within("deadline_s_max", self.deadline_s_max, 0.001, 3600)
        _within("grace_s", self.grace_s, 0, 3600)
        _within("workers", self.workers, 0, 1024)
        _within("metrics_every_s", self.metrics_every_s, 0, 86_400)
        split_address(self.address)
        if self.metrics_address:
            split_address(self.metrics_address)
        if self.gallery == NO_PATH:
            raise ConfigInvalid("no gallery is named: give --gallery DIR")
        self.recognizer()

    @property
    def request_bytes_max(self) -> int:
        """Largest request: two images of the greatest size, as VerifyImages sends, and words."""
        return 2 * self.image_bytes_max + (1 << 20)

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
            engine=cast("Engine", self.engine),
            device=cast("Device", self.device),
            precision=cast("Precision", self.precision),
            batch_max=self.batch_max,
            is_cached=self.compiled_cache,
            limits=ImageLimits(bytes_max=self.image_bytes_max, pixels_max=self.image_pixels_max),
            fmr=self.fmr,
        )

    @property
    def worker_count(self) -> int:
        """Threads that decode and detect."""
        return self.workers or os.cpu_count() or 1


def read_config(
    arguments: Sequence[str], environment: Mapping[str, str], program: str = "python -m server"
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
    values = _from_toml(Path(path)) if path else {}
    values |= _from_environment(environment)
    values |= flags
    known = {entry.name: entry for entry in fields(ServerConfig)}
    return ServerConfig(**{name: _typed(known[name], values[name]) for name in values})


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serves face embedding, verification and identification over gRPC.",
        epilog=f"Each setting is also read from {ENV_PREFIX}NAME and from the TOML file.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="TOML file of settings")
    for entry in fields(ServerConfig):
        flag = "--" + entry.name.replace("_", "-")
        kind, words = get_args(entry.type)
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=words)
        else:
            shown = "" if entry.default == NO_PATH else f" (default: {entry.default})"
            parser.add_argument(flag, metavar="X", help=words + shown)
    return parser


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileMissing(f"config file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"config file {path} is not TOML: {error}") from error
    _check_known(values, str(path))
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        name.removeprefix(ENV_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENV_PREFIX) and name != CONFIG_ENV
    }
    _check_known(values, f"the environment ({ENV_PREFIX}...)")
    return values


def _check_known(values: Mapping[str, Any], where: str) -> None:
    known = [entry.name for entry in fields(ServerConfig)]
    for name in values:
        if name not in known:
            raise ConfigInvalid(f"{where} sets {name!r}; the settings are {', '.join(known)}")


def _typed(entry: "Field[Any]", value: Any) -> Any:
    """The value as the field's type; text is read, since flags and variables are text."""
    kind, _ = get_args(entry.type)
    if kind is bool:
        truth = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
        if truth is None:
            raise ConfigInvalid(f"{entry.name} is true or false, got {value!r}")
        return truth
    try:
        # A bool is an int to Python, and 2.5 would become 2 without a word.
        if isinstance(value, bool) or (kind is int and isinstance(value, float)):
            raise ValueError
        # TOML can spell it, and no path or host may hold it.
        if isinstance(value, str) and "\0" in value:
            raise ValueError
        return kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigInvalid(f"{entry.name} is of type {kind.__name__}, got {value!r}") from error


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ConfigInvalid(f"{name} is one of {', '.join(allowed)}; got {value!r}")


def _within(name: str, value: float, least: float, greatest: float) -> None:
    if not least <= value <= greatest or math.isnan(value):
        raise ConfigInvalid(f"{name} is {value:g}, allowed are {least:g} to {greatest:g}")
