"""What people decided about groups: one line of JSON each, added at once, followed ever after.

    {"kind": "keep", "sha256": S}                      keep this image of its group
    {"kind": "copy", "first": S, "second": S}          it was looked at: a copy, to be removed
    {"kind": "not_a_copy", "first": S, "second": S}    two images, both stay
    {"kind": "same_person", "first": F, "second": F}   F: {"sha256": S, "box": [x0, y0, x1, y1]}
    {"kind": "not_same_person", "first": F, "others": [F, ...]}
    {"kind": "name", "face": F, "name": N}             of the group that the face is in
    {"kind": "undo", "number": K}                      the K-th line, from 0, no longer holds

Images are named by their SHA-256 and faces by their place, so that a decision outlives another
model, another detector and a file that moved. Of two that contradict each other the later holds.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.files import OWNER_ONLY, write_fault
from facenet_res.core.types import Box

DECISIONS_NAME: Final = "decisions.jsonl"
NAME_CHARS_MAX: Final = 200
_SHA256_CHARS: Final = 64
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "keep": {"sha256": "image"},
    "copy": {"first": "image", "second": "image"},
    "not_a_copy": {"first": "image", "second": "image"},
    "same_person": {"first": "face", "second": "face"},
    "not_same_person": {"first": "face", "others": "faces"},
    "name": {"face": "face", "name": "name"},
    "undo": {"number": "number"},
}


@dataclass(frozen=True, slots=True)
class FaceRef:
    """A face by its image and its place there."""

    sha256: str
    box: Box


@dataclass(frozen=True, slots=True)
class Decisions:
    """What holds.

    Attributes:
        keep: SHA-256 of images to keep, with the number of the decision.
        copies: pairs of images, ascending, that are copies.
        not_copies: pairs of images, ascending, that are not.
        together: pairs of faces of one person.
        apart: pairs of faces of two people.
        names: faces and the names of their people, the latest last.
    """

    keep: Mapping[str, int] = field(default_factory=dict)
    copies: frozenset[tuple[str, str]] = frozenset()
    not_copies: frozenset[tuple[str, str]] = frozenset()
    together: Sequence[tuple[FaceRef, FaceRef]] = ()
    apart: Sequence[tuple[FaceRef, FaceRef]] = ()
    names: Sequence[tuple[FaceRef, str]] = ()


def append_decision(out: Path, decision: object) -> int:
    """Adds a decision, on the disk before this returns.

    Returns:
        Its number, for an undo.

    Raises:
        ArgumentInvalid: it is no decision.
        DiskFull, NotWritable: it cannot be written; nothing is added.
    """
    checked(decision)
    path = out / DECISIONS_NAME
    line = (json.dumps(decision, sort_keys=True) + "\n").encode("ascii")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        with os.fdopen(descriptor, "r+b") as file:
            before = file.read()
            # A line that a crash cut short ends here, and is no decision.
            file.write(line if before.endswith(b"\n") or not before else b"\n" + line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise write_fault(path, error) from error
    return len(before.splitlines())


def read_decisions(out: Path) -> Decisions:
    """The decisions of an output folder; none where there is no file.

    Raises:
        DataInvalid: a whole line is no decision.
    """
    return holding(decision_lines(out))


def decision_lines(out: Path) -> list[dict[str, Any] | None]:
    """Every decision by its number; None for one that a crash cut short.

    Raises:
        DataInvalid: a whole line is no decision.
    """
    return list(_lines(out / DECISIONS_NAME))


def holding(lines: Sequence[Mapping[str, Any] | None]) -> Decisions:
    """What holds after some decisions, in their order; None for one that was cut short."""
    undone = {line["number"] for line in lines if line is not None and line["kind"] == "undo"}
    keep: dict[str, int] = {}
    copies: dict[tuple[str, str], bool] = {}
    people: dict[tuple[FaceRef, FaceRef], bool] = {}
    names: list[tuple[FaceRef, str]] = []
    for number, line in enumerate(lines):
        if line is None or number in undone:
            continue
        kind = line["kind"]
        if kind == "keep":
            keep[line["sha256"]] = number
        elif kind in {"copy", "not_a_copy"}:
            first, second = sorted((line["first"], line["second"]))
            copies[first, second] = kind == "copy"
        elif kind == "name":
            names.append((_face(line["face"]), line["name"]))
        elif kind in {"same_person", "not_same_person"}:
            first = _face(line["first"])
            for other in line.get("others", [line.get("second")]):
                pair = _ordered(first, _face(other))
                people[pair] = kind == "same_person"
    return Decisions(
        keep,
        frozenset(pair for pair, is_copy in copies.items() if is_copy),
        frozenset(pair for pair, is_copy in copies.items() if not is_copy),
        tuple(pair for pair, is_one in people.items() if is_one),
        tuple(pair for pair, is_one in people.items() if not is_one),
        tuple(names),
    )


def checked(decision: object) -> None:
    """Refuses what is no decision.

    Raises:
        ArgumentInvalid: a key is missing, unknown, or has another type.
    """
    if not isinstance(decision, dict) or decision.get("kind") not in _FIELDS:
        raise ArgumentInvalid(
            f"a decision has a kind of {', '.join(_FIELDS)}; got {decision!r:.200}"
        )
    fields = _FIELDS[decision["kind"]]
    if decision.keys() != {"kind", *fields}:
        raise ArgumentInvalid(f"{decision['kind']} has the keys {', '.join(fields)}")
    for name, kind in fields.items():
        if not _is_valid(kind, decision[name]):
            raise ArgumentInvalid(
                f"{name} of {decision['kind']} is no {kind}: {decision[name]!r:.100}"
            )


def _is_valid(kind: str, value: object) -> bool:
    if kind == "image":
        is_text = isinstance(value, str) and len(value) == _SHA256_CHARS
        return is_text and set(str(value)) <= set("0123456789abcdef")
    if kind == "name":
        return isinstance(value, str) and value.isprintable() and len(value) <= NAME_CHARS_MAX
    if kind == "number":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == "faces":
        return isinstance(value, list) and all(_is_valid("face", each) for each in value)
    if not isinstance(value, dict) or value.keys() != {"sha256", "box"}:
        return False
    box = value["box"]
    numbers = isinstance(box, list) and len(box) == 4 and all(_is_number(side) for side in box)
    return numbers and _is_valid("image", value["sha256"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e7


def _lines(path: Path) -> Iterator[dict[str, Any] | None]:
    if not path.is_file():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            decision = json.loads(line)
        except ValueError:
            # Cut short by a crash before it was acknowledged.
            yield None
            continue
        try:
            checked(decision)
        except ArgumentInvalid as error:
            raise DataInvalid(f"{path}, line {number}: {error}; remove the line") from error
        yield decision


def _face(value: Mapping[str, Any]) -> FaceRef:
    return FaceRef(value["sha256"], Box(*(float(side) for side in value["box"])))


def _ordered(first: FaceRef, second: FaceRef) -> tuple[FaceRef, FaceRef]:
    key = (first.sha256, first.box.x0, first.box.y0), (second.sha256, second.box.x0, second.box.y0)
    return (first, second) if key[0] <= key[1] else (second, first)
