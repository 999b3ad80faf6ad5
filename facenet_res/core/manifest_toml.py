"""The manifest as TOML: read with every field checked, and written."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Final, TypeVar

import tomli_w

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.manifest import CaptureRange, Condition, Manifest, ModelFile, Threshold
from facenet_res.core.typed_values import typed

FORMAT_VERSION: Final = 1
# Tables may be absent, and older manifests lack the other three.
TABLES: Final = frozenset({"network", "files", "thresholds", "conditions", "capture"})
OPTIONAL: Final = TABLES | {"name", "version", "is_mirrored"}

Entry = TypeVar("Entry", ModelFile, Threshold, Condition)


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
    files = _entries(ModelFile, values, "files", origin)
    thresholds = _entries(Threshold, values, "thresholds", origin)
    conditions = _entries(Condition, values, "conditions", origin)
    missing = [each.name for each in fields(Manifest) if each.name not in {*values, *OPTIONAL}]
    if missing:
        raise ArtifactInvalid(f"{origin}: {', '.join(missing)} is missing")
    manifest = typed(Manifest, values, origin, error=ArtifactInvalid)
    names = [file.name for file in files]
    if not names or len(set(names)) < len(names):
        raise ArtifactInvalid(f"{origin}: files must be listed, each once; got {names}")
    return replace(manifest, files=files, thresholds=thresholds, conditions=conditions)


def render_manifest(manifest: Manifest) -> bytes:
    """Writes a manifest as TOML in UTF-8.

    Raises:
        ArtifactInvalid: `parse_manifest` would not read it again.
    """
    values = {"format_version": FORMAT_VERSION, **asdict(manifest)}
    # What states nothing is left out, so that older programs read the folder.
    if not manifest.conditions:
        del values["conditions"]
    if manifest.capture == CaptureRange():
        del values["capture"]
    try:
        document = tomli_w.dumps(values).encode("utf-8")
    except TypeError as error:
        raise ArtifactInvalid(f"the manifest cannot be written: {error}") from error
    parse_manifest(document, "the manifest to be written")
    return document


def _entries(
    kind: type[Entry], values: dict[str, Any], name: str, origin: str
) -> tuple[Entry, ...]:
    """Takes an array of tables out of the values."""
    entries = values.pop(name, [])
    if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
        raise ArtifactInvalid(f"{origin}: {name} must be an array of tables, got {entries!r:.80}")
    return tuple(
        typed(kind, one, f"{origin}: {name}[{number}]", error=ArtifactInvalid)
        for number, one in enumerate(entries)
    )
