"""TOML whose keys are known and typed: the settings of an import, and the catalogue of models."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facenet_res.core.errors import ConfigInvalid, FileMissing

TEXT_CHARS_MAX = 10_000
FILE_BYTES_MAX = 1 << 20
# What `ImportConfig` takes from a file.
IMPORT_KEYS: dict[str, type] = {
    "mean": float,
    "scale": float,
    "colour_order": str,
    "layout": str,
    "embedding_dim": int,
    "is_normalised": bool,
    "licence": str,
    "loss": str,
    "training": str,
}
CHOICES = {"colour_order": ("RGB", "BGR"), "layout": ("NCHW", "NHWC")}


def read_import_settings(path: Path) -> dict[str, Any]:
    """What the user's file declares of an ONNX network that is served as it is.

    Raises:
        FileMissing: there is no such file.
        ConfigInvalid: it is not TOML, lacks a field, or has an unknown one or one of another type.
    """
    found = checked(read_toml(path), IMPORT_KEYS, str(path))
    missing = sorted({"mean", "scale", "colour_order", "licence"} - set(found))
    if missing:
        raise ConfigInvalid(f"{path} lacks {missing}")
    return found


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a file.

    Raises:
        FileMissing: there is no such file, or it cannot be read.
        ConfigInvalid: it is not TOML, or larger than a megabyte.
    """
    try:
        document = path.read_bytes()
        return tomllib.loads(document[:FILE_BYTES_MAX].decode("utf-8"))
    except OSError as error:
        raise FileMissing(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigInvalid(f"{path} is not TOML: {error}") from error


def checked(values: Mapping[str, Any], known: Mapping[str, type], origin: str) -> dict[str, Any]:
    """The values, whole numbers as floats where floats are wanted.

    Raises:
        ConfigInvalid: a key is unknown or a value of another type or choice.
    """
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigInvalid(f"{origin} has unknown keys {unknown}; known are {sorted(known)}")
    found = {}
    for key, value in values.items():
        wanted = known[key]
        is_number = wanted is float and type(value) is int
        if not is_number and type(value) is not wanted:
            raise ConfigInvalid(f"{origin}: {key} must be of type {wanted.__name__}, got {value!r}")
        if key in CHOICES and value not in CHOICES[key]:
            raise ConfigInvalid(f"{origin}: {key} must be one of {CHOICES[key]}, got {value!r}")
        if isinstance(value, str) and len(value) > TEXT_CHARS_MAX:
            raise ConfigInvalid(f"{origin}: {key} is longer than {TEXT_CHARS_MAX} characters")
        found[key] = float(value) if is_number else value
    return found


def matching(value: str, pattern: str, what: str) -> str:
    """The text itself, if it has a form.

    Raises:
        ConfigInvalid: it has not.
    """
    if not re.fullmatch(pattern, value):
        raise ConfigInvalid(f"{what} must be of the form {pattern}, got {value!r}")
    return value
