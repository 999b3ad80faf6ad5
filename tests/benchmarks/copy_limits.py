"""Sets the limits of the copy comparison on images that no figure is quoted on.

    python -m tests.benchmarks.copy_limits [IMAGES]

Images: of `photos.zip` the people whose name's SHA-256 begins with a byte below 128, and the first
five people, which earlier limits were set on. Copies: the kinds `planted.KINDS`. No copies: two
captions on one image, two frames of a burst (the middle moved by a smooth field of displacements,
another exposure), two forms filled in differently. One limit after the other takes the value of the
most copies found, less four for each other pair that is joined; among ties the value at hand stays.
"""

import hashlib
import itertools
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import cv2
import numpy as np

from facenet_res.core.types import Image
from facenet_res.dedup import difference, overlay
from facenet_res.dedup.features import features_of, similarity_between
from facenet_res.dedup.fingerprint import grey_of, view_of
from facenet_res.dedup.register import Registered, registered
from facenet_res.imaging.decode import decode_image
from tests.benchmarks.bench import tell
from tests.benchmarks.planted import KINDS, captioned, curved, encoded, planted

KINDS_EACH: Final = 7
FALSE_COST: Final = 4
FIRST_PEOPLE: Final = 5
# OVERLAY_COVER_MAX, EVIDENCE_MIN and _VISIBLE_MIN made no difference over factors of 2 to 6.
LIMITS: Final[Sequence[tuple[ModuleType, str, Sequence[float]]]] = (
    (difference, "TENTH_MAX", (0.25, 0.3, 0.35, 0.4, 0.5)),
    (difference, "DIFFERENT_MIN", (0.55, 0.65, 0.75)),
    (difference, "_VISIBLE_SHARE", (0.2, 0.3, 0.4, 0.5)),
    (overlay, "_THIN_MIN", (0.6, 0.66, 0.72, 0.78, 0.84)),
    (overlay, "_SOLID_SAME_MIN", (0.85, 0.9, 0.95)),
    (overlay, "_SOLID_EDGE_MIN", (0.1, 0.2, 0.3)),
)


class Pair:
    """Two registered images, whether they are copies, and how they were made."""

    def __init__(self, name: str, is_copy: bool, found: Registered) -> None:
        self.name, self.is_copy, self.found = name, is_copy, found


def is_for_setting(name: str, people: Sequence[str]) -> bool:
    """Whether an image of `photos.zip` may set limits, and so stands for no figure."""
    person = name.split("/", maxsplit=1)[0]
    digest = hashlib.sha256(person.encode()).digest()
    return digest[0] < 128 or people.index(person) < FIRST_PEOPLE


def setting_images(data: Path) -> Iterator[Image]:
    """The images that limits are set on."""
    with zipfile.ZipFile(data / "photos.zip") as archive:
        names = sorted(each for each in archive.namelist() if each.endswith(".jpg"))
        people = sorted({name.split("/")[0] for name in names})
        for name in names:
            if is_for_setting(name, people):
                yield decode_image(archive.read(name))


def burst(image: Image, rng: np.random.Generator) -> Image:
    """The next frame of a burst: the middle has moved, the light a little."""
    height_px, width_px = image.shape[:2]
    y, x = np.mgrid[:height_px, :width_px].astype(np.float32)
    cx, cy = rng.uniform(0.35, 0.65, 2) * (width_px, height_px)
    reach = rng.uniform(0.12, 0.3) * min(height_px, width_px)
    weight = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * reach**2)).astype(np.float32)
    dx, dy = rng.choice([-1, 1], 2) * rng.uniform(0.02, 0.06, 2) * max(height_px, width_px)
    maps = [(each).astype(np.float32) for each in (x + weight * dx, y + weight * dy)]
    moved = cv2.remap(image, *maps, cv2.INTER_LINEAR)
    return curved(np.asarray(moved, np.uint8), gain=rng.uniform(0.95, 1.05))


def form(texts: Sequence[str]) -> Image:
    """A white page with printed lines, filled in."""
    page = np.full((640, 480, 3), 255, np.uint8)
    for line, text in enumerate(texts):
        y = 60 + 70 * line
        cv2.putText(page, f"Field {line}:", (20, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0,) * 3, 1)
        cv2.line(page, (140, y + 4), (460, y + 4), (90,) * 3, 1)
        cv2.putText(page, text, (150, y), cv2.FONT_HERSHEY_PLAIN, 1.4, (20, 30, 120), 2)
    return page


def other_pairs(image: Image, rng: np.random.Generator) -> Iterator[tuple[str, Image, Image]]:
    """Images that share most of what they show and are no copies."""
    words = ["one does not simply", "me on monday", "nobody: me:", "it is what it is"]
    first, second = rng.choice(words, 2, replace=False).tolist()
    upside = captioned(image[::-1], second)[::-1]
    yield "captions below", captioned(image, first), captioned(image, second)
    yield "captions below and above", captioned(image, first), np.ascontiguousarray(upside)
    yield "burst", image, burst(image, rng)
    names = [["".join(rng.choice(list("abcdefghij"), 9)) for _ in range(8)] for _ in range(2)]
    yield "forms", form(names[0]), form(names[1])


def made_pairs(images: Iterator[Image]) -> list[Pair]:
    """Pairs of each image, registered; those that find no common corners are left out."""
    rng = np.random.default_rng(0)
    kinds = itertools.cycle(KINDS)
    pairs = []
    for image in images:
        for kind in itertools.islice(kinds, KINDS_EACH):
            copy = decode_image(planted(image, kind)[0])
            pairs.extend(_registered(kind, True, image, copy))
        for name, first, second in other_pairs(image, rng):
            again = [decode_image(encoded(each, quality=82)) for each in (first, second)]
            pairs.extend(_registered(name, False, again[0], again[1]))
    return pairs


def _registered(name: str, is_copy: bool, first: Image, second: Image) -> Iterator[Pair]:
    views = view_of(first), view_of(second)
    flip = np.array([[-1.0, 0, views[1].shape[1] - 1], [0, 1, 0]])
    features = features_of(grey_of(views[0]))
    for mirrored in (False, True):
        shown = np.ascontiguousarray(views[1][:, ::-1]) if mirrored else views[1]
        start = similarity_between(features, features_of(grey_of(shown)))
        if start is None:
            continue
        start = flip @ np.vstack([start, [0, 0, 1]]) if mirrored else start
        found = registered(*views, start)
        if found is not None:
            yield Pair(name, is_copy, found)
            return


def outcome(pairs: list[Pair]) -> tuple[int, int, Counter[str]]:
    """Copies found, other images joined, and what went wrong by name."""
    found, joined, wrong = 0, 0, Counter[str]()
    for pair in pairs:
        judgement = difference.judged(pair.found.source, pair.found.target, pair.found.seen)
        says_copy = judgement is not None and judgement.is_copy
        found += says_copy and pair.is_copy
        joined += says_copy and not pair.is_copy
        if says_copy != pair.is_copy:
            wrong[pair.name] += 1
    return found, joined, wrong


def main() -> None:
    """Prints what each value of each limit gives, and the one to take."""
    data = Path(os.environ.get("FACENET_RES_DATA", "../shared/data"))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    images = list(setting_images(data))
    images = images[:: max(1, len(images) // count)][:count]
    pairs = made_pairs(iter(images))
    copies = sum(pair.is_copy for pair in pairs)
    tell(f"{len(images)} images, {copies} pairs of copies, {len(pairs) - copies} others")
    for module, name, values in LIMITS:
        results, before = {}, getattr(module, name)
        for value in values:
            setattr(module, name, value)
            results[value] = outcome(pairs)
        worth = {each: found - FALSE_COST * joined for each, (found, joined, _) in results.items()}
        ties = [each for each in values if worth[each] == max(worth.values())]
        taken = before if before in ties else ties[len(ties) // 2]
        setattr(module, name, taken)
        told = ", ".join(f"{each}: {results[each][0]}/{results[each][1]}" for each in values)
        tell(f"{name:18} {told} -> {taken}")
    tell(f"wrong at the end: {dict(outcome(pairs)[2])}")


if __name__ == "__main__":
    main()
