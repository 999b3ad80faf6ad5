"""A folder with planted copies and people on several images, and the search for both."""

import time
from dataclasses import dataclass
from pathlib import Path

from experiments.demo.people import Cast, Picture
from experiments.demo.table import Table
from experiments.demo.variations import cropped, mirrored, scaled
from facenet_res.dedup.types import Groups
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.recognizer.recognizer import FaceRecognizer

PLANTED = "planted"


@dataclass(frozen=True, slots=True)
class Plants:
    """What is in the folder, by paths relative to it.

    Attributes:
        copies: (copy, its original, what was done to it).
        people: the distinct images of each person.
    """

    copies: tuple[tuple[str, str, str], ...]
    people: dict[str, frozenset[str]]


def plant(cast: Cast, folder: Path) -> Plants:
    """Fills a new folder with images and, in a folder of their own, changed copies of two."""
    (folder / PLANTED).mkdir(parents=True)
    people: dict[str, set[str]] = {}
    for number, (picture, shown) in enumerate(cast.album):
        path = f"{number:02d}.jpg"
        (folder / path).write_bytes(picture.data)
        for name in shown:
            people.setdefault(name, set()).add(path)
    originals = [number for number, (_, shown) in enumerate(cast.album) if len(shown) == 1]
    copies: list[tuple[str, str, str]] = []
    for number in (originals[0], originals[-1]):
        for change, data in _changes(cast.album[number][0]):
            path = f"{PLANTED}/{len(copies):02d}.jpg"
            (folder / path).write_bytes(data)
            copies.append((path, f"{number:02d}.jpg", change))
    return Plants(tuple(copies), {name: frozenset(paths) for name, paths in people.items()})


def search(
    folder: Path, out: Path, plants: Plants, recognizer: FaceRecognizer, table: Table
) -> None:
    """Deduplicates the folder, and prints a row for each copy, each person and the rest."""
    began_s = time.perf_counter()
    groups = recognizer.deduplicate(folder, out).groups
    ms = 1e3 * (time.perf_counter() - began_s)
    table.section(f"deduplication of {groups.counts.photos} images in {ms / 1e3:.1f} s")
    _copies(groups, plants, table)
    for name, paths in sorted(plants.people.items()):
        if len(paths) > 1:
            found = max((len(paths & shown) for shown in _people(groups)), default=0)
            said = f"{found} of {len(paths)} images"
            table.decision("person", name, said, is_right=found == len(paths))
    mixed = sum(
        len({name for name, paths in plants.people.items() if paths & shown}) > 1
        for shown in _alone(groups, plants)
    )
    said = f"{mixed} groups" if mixed else "none"
    table.decision("person", "different people in one group", said, is_right=not mixed)


def _copies(groups: Groups, plants: Plants, table: Table) -> None:
    group_of = {member.path: group for group in groups.copies for member in group.members}
    for path, original, change in plants.copies:
        group = group_of.get(path)
        paths = {member.path for member in group.members} if group else set()
        is_found = group is not None and original in paths
        said = "found" if is_found else "not found"
        table.decision("copy", f"{original}, {change}", said, is_right=is_found)
    planted = {path for path, _, _ in plants.copies}
    mixed = sum(len({m.path for m in group.members} - planted) > 1 for group in groups.copies)
    said = f"{mixed} groups" if mixed else "none"
    table.decision("copy", "different images in one group", said, is_right=not mixed)


def _people(groups: Groups) -> list[frozenset[str]]:
    """The images of each person that was found, copies included."""
    return [
        frozenset(path for face in person.faces for path in (face.path, *face.copies))
        for person in groups.people
    ]


def _alone(groups: Groups, plants: Plants) -> list[frozenset[str]]:
    """The same without images of several people, which belong to each of them."""
    counts: dict[str, int] = {}
    for paths in plants.people.values():
        for path in paths:
            counts[path] = counts.get(path, 0) + 1
    several = {path for path, count in counts.items() if count > 1}
    return [paths - several for paths in _people(groups)]


def _changes(picture: Picture) -> list[tuple[str, bytes]]:
    image = decode_image(picture.data)
    return [
        ("byte copy", picture.data),
        ("re-encoded at quality 60", encode_jpeg(image, 60)),
        ("half the size", encode_jpeg(scaled(image, 0.5))),
        ("cropped by 5 %", encode_jpeg(cropped(image, 0.05))),
        ("mirrored", encode_jpeg(mirrored(image))),
    ]
