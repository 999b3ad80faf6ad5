"""Who the demo is about: the reader's own images, or two public-domain portraits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
"""Images without a face that scikit-image has: coffee, a cat, a launch pad."""
PEOPLE_MAX = 12
PICTURES_MAX = 5
PICTURES_MIN = 2
GROUP_HEIGHT_PX = 400


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it would come from a file.

    Attributes:
        label: what it is, for the table.
        data: JPEG, PNG or WebP.
    """

    label: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with at least two images.

    Attributes:
        person_id: what the gallery calls them.
        name: for people to read.
        enrolled: the images they are enrolled with.
        probe: one that is never enrolled.
    """

    person_id: str
    name: str
    enrolled: tuple[Picture, ...]
    probe: Picture


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the demo.

    Attributes:
        known: enrolled at the start, at least one.
        other: not enrolled at first, enrolled last, and deleted again.
        album: different images to deduplicate, with the names of the people on each.
        remark: what the reader should know of the images.
    """

    known: tuple[Person, ...]
    other: Person
    album: tuple[tuple[Picture, tuple[str, ...]], ...]
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
    collins: Image = data.astronaut()
    hopper = read_image(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    names = ("Eileen Collins", "Grace Hopper")
    known, other = (
        _varied(name, image) for name, image in zip(names, (collins, hopper), strict=True)
    )
    group = Picture("both", encode_jpeg(_beside(collins, hopper)))
    return Cast(
        known=(known,),
        other=other,
        album=(
            (known.enrolled[0], names[:1]),
            (other.enrolled[0], names[1:]),
            (group, names),
            *((Picture(name, encode_jpeg(getattr(data, name)())), ()) for name in SCENES),
        ),
        remark="Two public-domain portraits. Their other images are variations of these\n"
        "(light, place, size, sharpness), which is easier than real images.",
    )


def folders(path: Path) -> Cast:
    """The reader's images: one folder per person, two images or more in each.

    The last person by name is not enrolled at first.

    Raises:
        FileMissing: there is no such folder.
        DataInvalid: fewer than two people have two images.
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
            f"{path} needs 2 folders or more with {PICTURES_MIN} images or more each; "
            f"got {len(found)}"
        )
    chosen = [*found[: PEOPLE_MAX - 1], found[-1]] if len(found) > PEOPLE_MAX else found
    people = [_read(name, files) for name, files in chosen]
    left_out = len(found) - len(chosen)
    return Cast(
        known=tuple(people[:-1]),
        other=people[-1],
        album=tuple(
            (picture, (person.name,))
            for person in people
            for picture in (*person.enrolled, person.probe)
        ),
        remark=f"{len(people)} people, up to {PICTURES_MAX} images each"
        + (f"; {left_out} more people are left out." if left_out else "."),
    )


def _read(name: str, files: list[Path]) -> Person:
    pictures = tuple(Picture(f"{name}/{file.name}", read_image_bytes(file)) for file in files)
    return Person(name, name, pictures[:-1], pictures[-1])


def _varied(name: str, image: Image) -> Person:
    def picture(label: str, change: Callable[[Image], Image], quality: int = 90) -> Picture:
        return Picture(
            f"{name.rsplit(maxsplit=1)[-1]} {label}", encode_jpeg(change(image), quality)
        )

    return Person(
        name.lower().replace(" ", "-"),
        name,
        enrolled=(
            picture("original", lambda same: same, 92),
            picture("bright", lambda it: rotated(with_gamma(it, 0.7), 8)),
            picture("warm", lambda it: mirrored(tinted(it, 1.15, 0.85))),
        ),
        probe=picture(
            "dark",
            lambda it: scaled(rotated(softened(with_gamma(it, 1.5), 2.0), -6), 0.6),
            quality=60,
        ),
    )


def _beside(left: Image, right: Image) -> Image:
    """Both heads on one image, in other light: no copy of either portrait."""
    return np.concatenate([_head(left, 1.4, 7), _head(right, 0.75, -7)], axis=1)


def _head(image: Image, gamma: float, angle_deg: float) -> Image:
    height_px, width_px = image.shape[:2]
    turned = rotated(with_gamma(image, gamma), angle_deg)
    upper = turned[: round(0.55 * height_px), round(0.2 * width_px) : round(0.75 * width_px)]
    return scaled(np.ascontiguousarray(upper), GROUP_HEIGHT_PX / len(upper))
