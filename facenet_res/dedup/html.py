"""The report as one HTML page that needs no other file, no network and no script."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined

from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.summary import size_text, threshold_text
from facenet_res.dedup.thumbnails import Thumbnails
from facenet_res.dedup.types import (
    CopyGroup,
    CopyKind,
    CopyMember,
    DedupReport,
    FacesAlike,
    PersonGroup,
)

TEMPLATE: Final = "report.html.j2"
SKIPPED_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Card:
    """One picture of a group.

    Attributes:
        picture: data URI; "" where the photo is gone.
        path: of the photo.
        label: what it is in the group.
        detail: more about it.
        is_kept: whether it is the one to keep.
    """

    picture: str
    path: str
    label: str
    detail: str
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One group. `hidden` counts the cards that are not shown."""

    group_id: str
    title: str
    cards: tuple[Card, ...]
    hidden: int


def rendered(folder: Path, config: DedupConfig, report: DedupReport) -> str:
    """The page. File names come from anywhere: everything is escaped."""
    source = files("facenet_res.dedup").joinpath(TEMPLATE).read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["size"] = size_text
    thumbnails = Thumbnails(folder, config)
    groups, most = report.groups, config.html_groups_max
    shown = config.html_photos_max
    return environment.from_string(source).render(
        report=report,
        counts=groups.counts,
        threshold=threshold_text(report),
        copies=[_copies(group, thumbnails, shown) for group in groups.copies[:most]],
        people=[_person(group, thumbnails, shown) for group in groups.people[:most]],
        alike=[_alike(pair, thumbnails) for pair in groups.alike[:most]],
        skipped=groups.skipped[:SKIPPED_MAX],
        groups=groups,
    )


def _copies(group: CopyGroup, thumbnails: Thumbnails, shown: int) -> Section:
    cards = tuple(_copy(member, thumbnails) for member in group.members[:shown])
    title = f"{len(group.members)} files, copies take {size_text(group.excess_bytes)}"
    return Section(group.group_id, title, cards, len(group.members) - len(cards))


def _copy(member: CopyMember, thumbnails: Thumbnails) -> Card:
    label = ", ".join(member.changes) or member.kind.value
    size = f"{member.width_px} x {member.height_px} px, {size_text(member.bytes)}"
    picture = thumbnails.photo(member.path)
    return Card(picture, member.path, label, size, is_kept=member.kind == CopyKind.KEEP)


def _person(group: PersonGroup, thumbnails: Thumbnails, shown: int) -> Section:
    cards = tuple(
        Card(
            thumbnails.face(face.path, face.box),
            face.path,
            f"{face.similarity:.2f} to the others",
            _copies_text(len(face.copies)),
        )
        for face in group.faces[:shown]
    )
    copies = sum(len(face.copies) for face in group.faces)
    title = f"{len(group.faces)} photos" + (f" and {_copies_text(copies)}" if copies else "")
    return Section(group.group_id, title, cards, len(group.faces) - len(cards))


def _alike(pair: FacesAlike, thumbnails: Thumbnails) -> Section:
    cards = tuple(
        Card(thumbnails.face(pair.path, box), pair.path, f"face at {box.x0:.0f}, {box.y0:.0f}", "")
        for box in (pair.first, pair.second)
    )
    return Section(pair.path, f"similarity {pair.similarity:.2f}", cards, 0)


def _copies_text(count: int) -> str:
    if count == 0:
        return ""
    return "1 copy of it" if count == 1 else f"{count} copies"
