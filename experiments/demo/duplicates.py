"""A folder with planted copies, and the search for them."""

import time
from dataclasses import dataclass
from pathlib import Path

from experiments.demo.people import Cast, Picture
from experiments.demo.table import Row
from experiments.demo.variations import cropped, mirrored, scaled
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import CopyGroup, DedupReport
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.recognizer.recognizer import FaceRecognizer

PLANTED = "planted"


@dataclass(frozen=True, slots=True)
class Plant:
    """A copy that was put into the folder.

    Attributes:
        path: relative to the folder.
        original: what it is a copy of, relative to the folder.
        change: what was done to it.
    """

    path: str
    original: str
    change: str


def plant(cast: Cast, folder: Path) -> list[Plant]:
    """Fills a new folder with originals and, in a folder of their own, changed copies of two.

    Returns:
        The copies, in the order in which they are reported.
    """
    folder.mkdir(parents=True)
    originals = [person.original for person in (*cast.known, cast.stranger)]
    paths = [_write(folder, f"{index:02d}", photo) for index, photo in enumerate(originals)]
    for index, photo in enumerate(cast.others):
        _write(folder, f"other-{index:02d}", photo)
    (folder / PLANTED).mkdir()
    plants: list[Plant] = []
    for original, path in ((originals[0], paths[0]), (originals[-1], paths[-1])):
        image = decode_image(original.data)
        for change, data in (
            ("byte copy", original.data),
            ("re-encoded at quality 60", encode_jpeg(image, 60)),
            ("half the size", encode_jpeg(scaled(image, 0.5))),
            ("cropped by 5 %", encode_jpeg(cropped(image, 0.05))),
            ("mirrored", encode_jpeg(mirrored(image))),
        ):
            copy = f"{PLANTED}/{len(plants):02d}.jpg"
            (folder / copy).write_bytes(data)
            plants.append(Plant(copy, path, change))
    return plants


def search(
    folder: Path, out: Path, plants: list[Plant], recognizer: FaceRecognizer, config: DedupConfig
) -> tuple[DedupReport, list[Row]]:
    """Deduplicates the folder and judges the groups: a row for each copy, and one for the rest."""
    began_s = time.perf_counter()
    report = deduplicate(folder, out, config, recognizer=recognizer)
    ms = 1e3 * (time.perf_counter() - began_s)
    group_of = {member.path: group for group in report.groups.copies for member in group.members}
    rows = [_found(planted, group_of) for planted in plants]
    planted_paths = {planted.path for planted in plants}
    mixed = [
        group
        for group in report.groups.copies
        if sum(member.path not in planted_paths for member in group.members) > 1
    ]
    counts = report.groups.counts
    answer = f"{len(mixed)} groups of different photographs" if mixed else "none taken for a copy"
    question = f"the {counts.photos - len(plants)} different photographs"
    return report, [*rows, Row("dedup", question, answer, ms, not mixed)]


def _found(planted: Plant, group_of: dict[str, CopyGroup]) -> Row:
    group = group_of.get(planted.path)
    member = next((m for m in group.members if m.path == planted.path), None) if group else None
    is_found = group is not None and planted.original in {m.path for m in group.members}
    return Row(
        job="dedup",
        question=f"{planted.path}: {planted.change} of {planted.original}",
        answer=f"found, group {group.group_id}" if group and is_found else "not found",
        ms=None,
        is_expected=is_found,
        similarity=member.similarity if member else None,
    )


def _write(folder: Path, name: str, photo: Picture) -> str:
    path = f"{name}.jpg"
    (folder / path).write_bytes(photo.data)
    return path
