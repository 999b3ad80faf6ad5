"""The catalogue of published models: where each lies, what it must be, and on which terms."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facenet_res.convert.settings_file import IMPORT_KEYS, checked, matching, read_toml
from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid

OWN_CATALOGUE = Path(__file__).with_name("published.toml")
BYTES_MAX = 4 << 30
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
_ADDRESS = r"https?://[^\s]{1,2000}"
_FIELDS: dict[str, type] = {"name": str, "about": str, "address": str, "sha256": str, "bytes": int}
_REQUIRED = ("name", "address", "sha256", "bytes", "licence")


@dataclass(frozen=True, slots=True)
class Published:
    """A model that somebody publishes.

    Attributes:
        name: what it is asked for by.
        address: http or https.
        sha256: of the file, 64 hexadecimal digits.
        bytes: size of the file.
        licence: the publisher's terms.
        about: a sentence.
        as_is: whether it is served as it is.
        settings: of the import: mean, scale, colour_order and the like.
    """

    name: str
    address: str
    sha256: str
    bytes: int
    licence: str
    about: str = ""
    as_is: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """The last part of the address; its suffix says the kind."""
        return self.address.split("?", 1)[0].rsplit("/", 1)[-1]


def read_catalogue(path: Path = OWN_CATALOGUE) -> tuple[Published, ...]:
    """The models of a catalogue, `[[models]]` each.

    Raises:
        FileMissing: there is no such file.
        ConfigInvalid: it is not TOML, an entry lacks a field, or a value has not its form.
    """
    document = read_toml(path)
    entries = document.get("models")
    if set(document) != {"models"} or not isinstance(entries, list):
        raise ConfigInvalid(f"{path} must hold [[models]] and nothing else, got {sorted(document)}")
    found = tuple(_published(entry, f"{path}: models[{n}]") for n, entry in enumerate(entries))
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        raise ConfigInvalid(f"{path} has a name twice: {sorted(names)}")
    return found


def published(name: str, catalogue: tuple[Published, ...]) -> Published:
    """The model of a name.

    Raises:
        ArgumentInvalid: the catalogue has none; the message names those it has.
    """
    for one in catalogue:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in catalogue)
    raise ArgumentInvalid(f"no model {name!r}; the catalogue has {names}")


def _published(entry: Any, origin: str) -> Published:
    if not isinstance(entry, dict):
        raise ConfigInvalid(f"{origin} must be a table")
    values = checked(entry, _FIELDS | IMPORT_KEYS | {"as_is": bool}, origin)
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise ConfigInvalid(f"{origin} lacks {missing}")
    if not 1 <= values["bytes"] <= BYTES_MAX:
        raise ConfigInvalid(f"{origin}: bytes must be in [1, {BYTES_MAX}], got {values['bytes']}")
    one = Published(
        name=matching(values.pop("name"), _NAME, f"{origin}: name"),
        address=matching(values.pop("address"), _ADDRESS, f"{origin}: address"),
        sha256=matching(values.pop("sha256"), r"[0-9a-f]{64}", f"{origin}: sha256"),
        bytes=values.pop("bytes"),
        licence=values.pop("licence"),
        about=values.pop("about", ""),
        as_is=values.pop("as_is", False),
        settings=values,
    )
    matching(one.file_name, r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", f"{origin}: file in the address")
    return one
