"""Who the demonstration is about: the reader's own photographs, or two public-domain portraits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.demo.variations import (
    mirrored,
    rotated,
    scaled,
    softened,
    tinted,
    with_gamma,
)
from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.extras import require
from facenet_res.core.types import Image
from facenet_res.imaging.decode import read_image, read_image_bytes
from facenet_res.imaging.encode import encode_jpeg

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
SCENES = ("coffee", "chelsea", "rocket")
"""Photographs without a face that scikit-image carries: coffee, a cat, a launch pad."""
PEOPLE_MAX = 12
PICTURES_MAX = 5
PICTURES_MIN = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph as it would come from a file.

    Attributes:
        label: what it is, for the table.
        data: JPEG, PNG or WebP.
    """

    label: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with at least two photographs.

    Attributes:
        person_id: what the gallery calls them.
        name: for people to read.
        enrolled: the photographs they are enrolled with.
        asked: one that is never enrolled.
        original: an untouched photograph, for the search for duplicates.
    """

    person_id: str
    name: str
    enrolled: tuple[Picture, ...]
    asked: Picture
    original: Picture


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the demonstration.

    Attributes:
        known: enrolled at the start, at least one.
        stranger: enrolled last, and deleted again.
        others: further photographs, for the search for duplicates; no two the same.
        remark: what the reader should know of the photographs.
    """

    known: tuple[Person, ...]
    stranger: Person
    others: tuple[Picture, ...]
    remark: str


def portraits() -> Cast:
    """Eileen Collins (scikit-image) and Grace Hopper (matplotlib), and variations of them.

    Raises:
        EngineUnavailable: the packages that carry the portraits are not installed.
    """
    require("a demo without --photos", ("matplotlib", "skimage"), "demo")
    import matplotlib as mpl
    from skimage import data as skimage_data

    # scikit-image's functions are untyped.
    data: Any = skimage_data
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return Cast(
        known=(_varied("eileen-collins", "Eileen Collins", data.astronaut()),),
        stranger=_varied("grace-hopper", "Grace Hopper", read_image(hopper)),
        others=tuple(Picture(name, encode_jpeg(getattr(data, name)())) for name in SCENES),
        remark="Two public-domain portraits. Further photographs of the two are variations of "
        "these (light, place, size, sharpness), which is easier than real ones.",
    )


def folders(path: Path) -> Cast:
    """The reader's photographs: one folder for each person, two photographs or more in each.

    The last person by name is the stranger.

    Raises:
        FileMissing: there is no such folder.
        DataInvalid: fewer than two people have two photographs.
    """
    if not path.is_dir():
        raise FileMissing(f"no folder of people at {path}")
    found = []
    for folder in sorted(item for item in path.iterdir() if item.is_dir()):
        files = sorted(item for item in folder.iterdir() if item.suffix.lower() in SUFFIXES)
        if len(files) >= PICTURES_MIN:
            found.append((folder.name, files[:PICTURES_MAX]))
    if len(found) < 2:
        raise DataInvalid(
            f"{path} needs 2 folders or more with {PICTURES_MIN} photographs or more each; "
            f"got {len(found)}"
        )
    chosen = [*found[: PEOPLE_MAX - 1], found[-1]] if len(found) > PEOPLE_MAX else found
    people = [_photographed(name, files) for name, files in chosen]
    left_out = len(found) - len(chosen)
    return Cast(
        known=tuple(people[:-1]),
        stranger=people[-1],
        others=tuple(
            picture for person in people for picture in (*person.enrolled[1:], person.asked)
        ),
        remark=f"{len(people)} people from {path}, up to {PICTURES_MAX} photographs each"
        + (f"; {left_out} more people are left out." if left_out else "."),
    )


def _photographed(name: str, files: list[Path]) -> Person:
    pictures = tuple(Picture(f"{name}/{file.name}", read_image_bytes(file)) for file in files)
    return Person(name, name, pictures[:-1], pictures[-1], pictures[0])


def _varied(person_id: str, name: str, image: Image) -> Person:
    def picture(label: str, change: Callable[[Image], Image], quality: int = 90) -> Picture:
        return Picture(f"{name} ({label})", encode_jpeg(change(image), quality))

    original = picture("original", lambda same: same, 92)
    return Person(
        person_id,
        name,
        enrolled=(
            original,
            picture("bright, turned 8 degrees", lambda it: rotated(with_gamma(it, 0.7), 8)),
            picture("mirrored, warm", lambda it: mirrored(tinted(it, 1.15, 0.85))),
        ),
        asked=picture(
            "dark, small",
            lambda it: scaled(rotated(softened(with_gamma(it, 1.5), 2.0), -6), 0.6),
            quality=60,
        ),
        original=original,
    )
