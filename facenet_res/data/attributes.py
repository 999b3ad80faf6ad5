"""Attributes of images or people, as CSV, for figures per group.

The header names the columns. A line describes a `file` ("PERSON/FILE.jpg") or an `identity` (a
folder); with both, `identity` overrides the file's folder. Every other column is an attribute, its
cells the names of groups; an empty cell leaves the image out of that attribute.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from facenet_res.core.errors import DataInvalid, FileMissing

BYTES_MAX: Final = 64 * 1024 * 1024
GROUPS_MAX: Final = 200
KEYS: Final = ("file", "identity")


@dataclass(frozen=True, slots=True)
class Attributes:
    """The person on each image, and the groups it belongs to.

    Attributes:
        images: names of the images in the table.
        people: the person on each.
        groups: attribute -> the group of each image, "" for none.
        unmentioned: images that the table leaves out.
    """

    images: tuple[str, ...]
    people: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    unmentioned: int


def read_attributes(path: Path, names: Sequence[str]) -> Attributes:
    """Reads a table and finds its images.

    Args:
        path: the CSV file.
        names: the images, as an image source lists them; the last parts of a path decide.

    Raises:
        FileMissing: there is no such file, or an image or person that it names.
        DataInvalid: a column is missing, a line is there twice, or an attribute has too many
            groups.
    """
    header, rows = _table(path)
    keys = [key for key in KEYS if key in header]
    columns = [name for name in header if name not in KEYS]
    if not keys or not columns:
        raise DataInvalid(
            f"{path} needs a column file or identity, and one for each attribute; "
            f"its first line names {', '.join(header) or 'none'}"
        )
    images_of = _by_file(names) if "file" in keys else _by_person(names)
    images: list[str] = []
    people: list[str] = []
    groups: dict[str, list[str]] = {name: [] for name in columns}
    seen: set[str] = set()
    for number, row in rows:
        key = row[keys[0]].strip()
        if not key or key in seen:
            raise DataInvalid(f"{path} line {number}: {keys[0]} {key!r} is empty or there twice")
        seen.add(key)
        if key not in images_of:
            raise FileMissing(f"{path} line {number}: {key} is not among the images")
        for image in images_of[key]:
            images.append(image)
            people.append(row[keys[1]].strip() if len(keys) == 2 else _person(image))
            for name in columns:
                groups[name].append(row[name].strip())
    for name, values in groups.items():
        if len(found := set(values) - {""}) > GROUPS_MAX:
            raise DataInvalid(f"{path}: {name} has {len(found)} groups, limit is {GROUPS_MAX}")
    return Attributes(
        images=tuple(images),
        people=tuple(people),
        groups={name: tuple(values) for name, values in groups.items()},
        unmentioned=len(names) - len(set(images)),
    )


def _table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    if not path.is_file():
        raise FileMissing(f"no table of attributes at {path}")
    if path.stat().st_size > BYTES_MAX:
        raise DataInvalid(f"{path} has {path.stat().st_size} bytes, limit is {BYTES_MAX}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text), restval="")
        rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not a text file in UTF-8 (byte {error.start})") from error
    except csv.Error as error:
        raise DataInvalid(f"{path} is not CSV: {error}") from error
    for number, row in rows:
        if None in row:
            raise DataInvalid(f"{path} line {number} has more fields than the first line")
    if not rows:
        raise DataInvalid(f"{path} has no line below its first")
    return list(reader.fieldnames or ()), rows


def _by_file(names: Sequence[str]) -> dict[str, list[str]]:
    """Images by their name, and by its last two parts."""
    ends = {"/".join(PurePosixPath(name).parts[-2:]): [name] for name in names}
    return ends | {name: [name] for name in names}


def _by_person(names: Sequence[str]) -> dict[str, list[str]]:
    people: dict[str, list[str]] = {}
    for name in names:
        people.setdefault(_person(name), []).append(name)
    return people


def _person(name: str) -> str:
    return PurePosixPath(name).parent.name
