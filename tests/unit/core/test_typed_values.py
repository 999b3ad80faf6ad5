"""Values from outside: typed, within their ranges, named where they are not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.typed_values import described, typed


@dataclass(frozen=True)
class Settings:
    workers: Annotated[int, Meta(ge=0, le=8, description="threads")] = 0
    rate: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    colour: Literal["RGB", "BGR"] = "RGB"
    path: Path = Path()
    is_on: bool = False


def test_values_become_their_types() -> None:
    read = typed(
        Settings,
        {"workers": 3, "rate": 0.25, "colour": "BGR", "path": "a/b", "is_on": True},
        "here",
        error=ConfigInvalid,
    )
    assert read == Settings(3, 0.25, "BGR", Path("a/b"), True)


def test_text_is_read_where_it_is_allowed() -> None:
    values = {"workers": "3", "rate": "0.25", "is_on": "true"}
    read = typed(Settings, values, "here", error=ConfigInvalid, is_text=True)
    assert (read.workers, read.rate, read.is_on) == (3, 0.25, True)
    with pytest.raises(ConfigInvalid, match="workers: Expected int, got str, got '3'"):
        typed(Settings, values, "here", error=ConfigInvalid)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"workers": 9}, "here: workers: Expected int <= 8, got 9"),
        ({"workers": True}, "workers: Expected int, got bool, got True"),
        ({"workers": 2.5}, "workers: Expected int, got float, got 2.5"),
        ({"rate": 0}, "rate: Expected float > 0"),
        ({"rate": float("nan")}, "rate must be finite, got nan"),
        ({"colour": "grey"}, "colour: Expected one of RGB, BGR, got 'grey'"),
        ({"path": 5}, "path: .*Path"),
        ({"speed": 1}, "here sets unknown 'speed'; known are workers, rate"),
    ],
)
def test_what_does_not_fit_is_named_with_the_value_and_the_limit(
    values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        typed(Settings, values, "here", error=ConfigInvalid)


def test_descriptions_are_those_of_the_fields() -> None:
    assert described(Settings)["workers"] == "threads"
    assert described(Settings)["path"] == ""
