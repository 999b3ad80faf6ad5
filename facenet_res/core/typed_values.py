"""Settings and manifests from outside, as dataclasses: the one typed reader.

A field's type says what it holds, and `msgspec.Meta` in an `Annotated` type its range, pattern or
length:

    workers: Annotated[int, Meta(ge=0, le=1024, description="threads that decode")] = 0
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from facenet_res.core.errors import FacenetError

Made = TypeVar("Made")

_PLACE = re.compile(r"(?P<said>.*?)(?: - at `\$\.?(?P<place>[^`]*)`)?", re.DOTALL)


def typed(
    kind: type[Made],
    values: Mapping[str, Any],
    origin: str,
    *,
    error: type[FacenetError],
    is_text: bool = False,
) -> Made:
    """Makes a dataclass of values by name, each checked.

    Args:
        kind: the dataclass.
        values: of its fields, by name.
        origin: where they come from, for the message.
        error: what to raise.
        is_text: whether numbers and truth values may be spelled as text, as flags and environment
            variables are.

    Raises:
        FacenetError: of the class given: a name is unknown or missing, a value of another type or
            out of range; the message names the field, the value and what is accepted.
    """
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise error(f"{origin} sets unknown {name!r}; known are {', '.join(known)}")
    for name, value in values.items():
        # Comparisons with NaN pass every range. A text is one that spells a number, or just a text.
        is_number = is_text or isinstance(value, float)
        if is_number and str(value).lower().lstrip("+-") in {"nan", "inf", "infinity"}:
            raise error(f"{origin}: {name} must be finite, got {value!r}")
    try:
        return msgspec.convert(values, kind, strict=not is_text, dec_hook=_decoded)
    except msgspec.ValidationError as invalid:
        raise error(f"{origin}: {_told(str(invalid), kind, values)}") from invalid


def described(kind: type) -> dict[str, str]:
    """The descriptions of a dataclass's fields, by name."""
    hints = {each.name: each.type for each in fields(kind)}
    return {
        name: next((meta.description or "" for meta in getattr(hint, "__metadata__", ())), "")
        for name, hint in hints.items()
    }


def _decoded(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str) and "\0" not in value:
        return Path(value)
    raise ValueError(f"Expected `{kind.__name__}`")


def _told(message: str, kind: type, values: Mapping[str, Any]) -> str:
    """The message of msgspec with the field's name first, what is accepted, and the value."""
    found = _PLACE.fullmatch(message)
    place = found["place"] if found else None
    if not found or not place:
        return message
    name = place.split(".")[0].split("[")[0]
    said = found["said"].replace("`", "")
    choices = _choices(kind, name)
    if choices and said.startswith("Invalid enum value"):
        said = f"Expected one of {', '.join(map(str, choices))}"
    return f"{place}: {said}, got {values.get(name)!r:.200}"


def _choices(kind: type, name: str) -> tuple[Any, ...]:
    """What a Literal field accepts; empty for any other."""
    hint = next((each.type for each in fields(kind) if each.name == name), None)
    inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return get_args(inner) if get_origin(inner) is Literal else ()
