"""Which of several copies to keep, and what was done to the others. A suggestion, nothing more."""

import math
from dataclasses import dataclass
from typing import Final

from facenet_res.dedup.turns import NAMES, swaps_sides
from facenet_res.dedup.types import CopyPair

# Shares of the side; within them two pictures count as of one size, or as uncropped.
_SAME_SIZE: Final = 0.02
_SAME_FRAME: Final = 0.98
# A copy of the same size whose pixels agree to this is told apart from one saved anew with loss.
_SAME_PIXELS: Final = 0.999999
_NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A distinct photo as the choice sees it.

    Attributes:
        sha256: names it.
        path: the first file that holds it.
        bytes: size of the file.
        width_px: of the upright picture.
        height_px: of the upright picture.
        is_grey: whether it has no colour.
        mtime_ns: when the file was last changed, since 1970.
    """

    sha256: str
    path: str
    bytes: int
    width_px: int
    height_px: int
    is_grey: bool = False
    mtime_ns: int = 0


def keep_order(picture: Picture) -> tuple[int, bool, int, int, str]:
    """Sorts the picture to keep first: most pixels, colour, oldest, most bytes, earliest name.

    Bytes come late: a copy that was edited and saved at a high quality has more than its original.
    """
    pixels = picture.width_px * picture.height_px
    # Whole seconds: many file systems and archives keep no more.
    age_s = picture.mtime_ns // _NS_PER_S
    return (-pixels, picture.is_grey, age_s, -picture.bytes, picture.path)


def is_as_good(picture: Picture, other: Picture) -> bool:
    """Whether a picture has as many pixels as another, and colour where that has."""
    return keep_order(picture)[:2] == keep_order(other)[:2]


def changes_of(kept: Picture, copy: Picture, pair: CopyPair) -> tuple[str, ...]:
    """What was done to a copy, in words, as far as the two pictures tell.

    Args:
        kept: the first of the pair.
        copy: the second of the pair.
        pair: how they lie over each other.
    """
    changes = []
    if NAMES[pair.turn]:
        changes.append(NAMES[pair.turn])
    width_px, height_px = copy.width_px, copy.height_px
    if swaps_sides(pair.turn):
        width_px, height_px = height_px, width_px
    # Of a crop, this is how large the picture was that it was cut from.
    wide = width_px / kept.width_px / math.sqrt(max(pair.first_cover, 0.01))
    if pair.first_cover < _SAME_FRAME:
        changes.append(f"cropped to {pair.first_cover:.0%} of the picture")
    if pair.second_cover < _SAME_FRAME:
        changes.append("shows more around it")
    elif abs(wide - 1) > _SAME_SIZE + (1 - pair.first_cover) / 4:
        changes.append(f"resized to {wide:.0%} of the width")
    if copy.is_grey and not kept.is_grey:
        changes.append("without colour")
    if not changes:
        changes.append("same pixels" if pair.similarity >= _SAME_PIXELS else "encoded anew")
    return tuple(changes)
