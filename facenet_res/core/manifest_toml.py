"""The manifest as TOML: read with every field checked, and written."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

import tomli_w

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.manifest import (
    ColourOrder,
    FileFormat,
    Layout,
    Manifest,
    ModelFile,
    Threshold,
)

FORMAT_VERSION = 1
EMBEDDING_DIM_MAX = 8192
INPUT_SIDE_PX_MAX = 1024
TEXT_CHARS_MAX = 10_000

_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# No part begins with a dot: a foreign manifest cannot point outside its own folder.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def parse_manifest(document: bytes, origin: str) -> Manifest:
    """Reads and checks a manifest.

    Args:
        document: TOML in UTF-8.
        origin: where it came from, for messages.

    Raises:
        ArtifactInvalid: it is not TOML, of another format version, lacks a field, has an unknown
            one, or a value is out of range.
    """
    try:
        values = tomllib.loads(document.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ArtifactInvalid(f"{origin} is not TOML: {error}") from error
    version = values.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise ArtifactInvalid(
            f"{origin}: format_version is {version}, supported is {FORMAT_VERSION}"
        )
    table = _Table(values, origin)
    table.check_keys(Manifest)
    manifest = Manifest(
        model_id=table.matching("model_id", _MODEL_ID),
        name=table.text_or_empty("name"),
        version=table.text_or_empty("version"),
        embedding_dim=table.whole("embedding_dim", 1, EMBEDDING_DIM_MAX),
        input_side_px=table.whole("input_side_px", 1, INPUT_SIDE_PX_MAX),
        colour_order=table.choice("colour_order", get_args(ColourOrder)),
        mean=table.number("mean", -1e6, 1e6),
        scale=table.number("scale", 1e-6, 1e6),
        layout=table.choice("layout", get_args(Layout)),
        is_normalised=table.truth("is_normalised"),
        is_mirrored=table.truth_or_false("is_mirrored"),
        network=table.mapping("network"),
        files=tuple(_file(entry) for entry in table.tables("files")),
        thresholds=tuple(_threshold(entry) for entry in table.tables("thresholds")),
        loss=table.text("loss"),
        training=table.text("training"),
        licence=table.text("licence"),
    )
    names = [file.name for file in manifest.files]
    if not names or len(set(names)) < len(names):
        raise ArtifactInvalid(f"{origin}: files must be listed, each once; got {names}")
    return manifest


def render_manifest(manifest: Manifest) -> bytes:
    """Writes a manifest as TOML in UTF-8.

    Raises:
        ArtifactInvalid: `parse_manifest` would not read it again.
    """
    values = {"format_version": FORMAT_VERSION, **asdict(manifest)}
    try:
        document = tomli_w.dumps(values).encode("utf-8")
    except TypeError as error:
        raise ArtifactInvalid(f"the manifest cannot be written: {error}") from error
    parse_manifest(document, "the manifest to be written")
    return document


def _file(table: "_Table") -> ModelFile:
    table.check_keys(ModelFile)
    return ModelFile(
        format=table.choice("format", get_args(FileFormat)),
        name=table.matching("name", _FILE_NAME),
        sha256=table.matching("sha256", _SHA256),
        bytes=table.whole("bytes", 1, 1 << 40),
    )


def _threshold(table: "_Table") -> Threshold:
    table.check_keys(Threshold)
    return Threshold(
        fmr=table.number("fmr", 0.0, 1.0),
        similarity=table.number("similarity", -1.0, 1.0),
        similarity_low=table.number("similarity_low", -1.0, 1.0),
        similarity_high=table.number("similarity_high", -1.0, 1.0),
    )


class _Table:
    """A TOML table whose values are taken out by name, each checked on the way."""

    def __init__(self, values: Mapping[str, Any], origin: str) -> None:
        self._values = values
        self._origin = origin

    def check_keys(self, kind: type[Manifest | ModelFile | Threshold]) -> None:
        known = {field.name for field in fields(kind)}
        unknown = sorted(set(self._values) - known)
        if unknown:
            raise ArtifactInvalid(f"{self._origin}: unknown keys {unknown}; known: {sorted(known)}")

    def choice(self, key: str, allowed: Iterable[str]) -> Any:
        value = self._of(key, str)
        if value not in allowed:
            raise self._invalid(key, value, f"one of {list(allowed)}")
        return value

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        value: str = self._of(key, str)
        if not pattern.fullmatch(value):
            raise self._invalid(key, value, f"of the form {pattern.pattern}")
        return value

    def text(self, key: str) -> str:
        value: str = self._of(key, str)
        if len(value) > TEXT_CHARS_MAX:
            raise self._invalid(key, f"{len(value)} characters", f"at most {TEXT_CHARS_MAX}")
        return value

    def text_or_empty(self, key: str) -> str:
        """For a field that came later: an older manifest lacks it."""
        return self.text(key) if key in self._values else ""

    def truth(self, key: str) -> bool:
        value: bool = self._of(key, bool)
        return value

    def truth_or_false(self, key: str) -> bool:
        """For a field that came later: an older manifest lacks it, and means no."""
        return key in self._values and self.truth(key)

    def whole(self, key: str, least: int, most: int) -> int:
        value: int = self._of(key, int)
        if isinstance(value, bool) or not least <= value <= most:
            raise self._invalid(key, value, f"a whole number in [{least}, {most}]")
        return value

    def number(self, key: str, least: float, most: float) -> float:
        value = self._of(key, (int, float))
        # A comparison with NaN is false, so NaN is refused here too.
        if isinstance(value, bool) or not least <= value <= most:
            raise self._invalid(key, value, f"a number in [{least:g}, {most:g}]")
        return float(value)

    def mapping(self, key: str) -> dict[str, Any]:
        return dict(self._of_or_empty(key, dict))

    def tables(self, key: str) -> list["_Table"]:
        entries = self._of_or_empty(key, list)
        if not all(isinstance(entry, dict) for entry in entries):
            raise self._invalid(key, entries, "an array of tables")
        return [_Table(entry, f"{self._origin}: {key}[{i}]") for i, entry in enumerate(entries)]

    def _of(self, key: str, kind: type | tuple[type, ...]) -> Any:
        if key not in self._values:
            raise ArtifactInvalid(f"{self._origin}: {key} is missing")
        return self._checked(key, self._values[key], kind)

    def _of_or_empty(self, key: str, kind: type[dict[str, Any]] | type[list[Any]]) -> Any:
        return self._checked(key, self._values.get(key, kind()), kind)

    def _checked(self, key: str, value: Any, kind: type | tuple[type, ...]) -> Any:
        if not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise self._invalid(key, value, " or ".join(k.__name__ for k in kinds))
        return value

    def _invalid(self, key: str, value: Any, wanted: str) -> ArtifactInvalid:
        return ArtifactInvalid(f"{self._origin}: {key} must be {wanted}, got {value!r}")
