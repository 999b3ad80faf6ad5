"""What was done to a copy, in words, and what that makes it."""

import math

import pytest

from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.plan import Picture, changes_of, kind_of
from facenet_res.dedup.types import CopyKind

KEPT = Picture("k", "b.jpg", 1000, 400, 300, pixels_sha256="p")
C, S = math.cos(0.2), math.sin(0.2)


def copy(width_px: int = 400, height_px: int = 300, *, is_grey: bool = False) -> Picture:
    return Picture("c", "c.jpg", 500, width_px, height_px, is_grey, pixels_sha256="q")


def pair(*place: float, **others: object) -> CopyPair:
    return CopyPair("k", "c", is_copy=True, place=place or (1, 0, 0, 0, 1, 0), **others)


@pytest.mark.parametrize(
    ("other", "found", "words"),
    [
        (copy(), pair(), ()),
        (copy(200, 150), pair(), ("resized to 50%",)),
        (copy(), pair(-1, 0, 1, 0, 1, 0), ("mirrored",)),
        (copy(300, 400), pair(0, -1, 1, 1, 0, 0), ("rotated by 90 degrees",)),
        (
            copy(360, 270),
            pair(1 / 0.9, 0, -0.05, 0, 1 / 0.9, -0.05),
            ("cropped to 81% of the image",),
        ),
        (copy(500, 375), pair(0.8, 0, 0.1, 0, 0.8, 0.1), ("shows more around it",)),
        (copy(is_grey=True), pair(), ("without colour",)),
        (copy(), pair(levels=(80, 160, 240)), ("brighter", "contrast at 125%")),
        (
            copy(),
            pair(overlay=(0.1, 0.8, 0.9, 0.9), overlay_on="second"),
            ("something laid over from 10%, 80% to 90%, 90%",),
        ),
    ],
)
def test_the_changes_are_told_in_words(
    other: Picture, found: CopyPair, words: tuple[str, ...]
) -> None:
    assert changes_of(KEPT, other, found) == words


def test_kinds_run_from_identical_to_overlaid() -> None:
    same = Picture("c", "c.png", 900, 400, 300, pixels_sha256="p")
    assert kind_of(KEPT, KEPT, pair()) == CopyKind.BYTE_EQUAL
    assert kind_of(KEPT, same, pair()) == CopyKind.SAME_PIXELS
    assert kind_of(KEPT, copy(), pair()) == CopyKind.REENCODED
    assert kind_of(KEPT, copy(200, 150), pair()) == CopyKind.EDITED
    overlaid = pair(overlay=(0, 0, 1, 0.1), overlay_on="second")
    assert kind_of(KEPT, copy(), overlaid) == CopyKind.OVERLAY
