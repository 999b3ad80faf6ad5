"""Which copy to keep, and what was done to the others."""

import pytest

from facenet_res.dedup.plan import Picture, changes_of, keep_order
from facenet_res.dedup.types import CopyPair

SECOND = 1_000_000_000
KEPT = Picture("k", "b.jpg", 1000, 400, 300)


def pair(turn: int = 0, similarity: float = 0.99, covers: tuple[float, float] = (1, 1)) -> CopyPair:
    return CopyPair("k", "c", turn, similarity, *covers, True)


def test_most_pixels_then_colour_then_the_oldest_then_most_bytes_then_the_first_name_is_kept() -> (
    None
):
    ranked = [
        Picture("1", "z.jpg", 10, 500, 300, mtime_ns=9 * SECOND),
        Picture("5", "z.jpg", 10, 400, 300, mtime_ns=-SECOND),
        Picture("6", "a.jpg", 3000, 400, 300, mtime_ns=SECOND - 1),
        Picture("2", "y.jpg", 2000, 400, 300),
        Picture("3", "a.jpg", 1000, 400, 300),
        KEPT,
        Picture("4", "a.jpg", 9000, 400, 300, is_grey=True, mtime_ns=-SECOND),
    ]
    assert sorted(reversed(ranked), key=keep_order) == ranked


@pytest.mark.parametrize(
    ("size_px", "found", "words"),
    [
        ((400, 300), pair(), ("encoded anew",)),
        ((400, 300), pair(similarity=1.0), ("same pixels",)),
        ((200, 150), pair(), ("resized to 50% of the width",)),
        ((400, 300), pair(turn=1), ("mirrored",)),
        ((300, 400), pair(turn=5), ("turned by 90 degrees",)),
        ((150, 200), pair(turn=5), ("turned by 90 degrees", "resized to 50% of the width")),
        ((360, 270), pair(covers=(0.81, 1)), ("cropped to 81% of the picture",)),
        (
            (180, 135),
            pair(covers=(0.81, 1)),
            ("cropped to 81% of the picture", "resized to 50% of the width"),
        ),
        ((400, 300), pair(covers=(1, 0.8)), ("shows more around it",)),
    ],
)
def test_the_changes_are_told_in_words(
    size_px: tuple[int, int], found: CopyPair, words: tuple[str, ...]
) -> None:
    assert changes_of(KEPT, Picture("c", "c.jpg", 500, *size_px), found) == words


def test_lost_colour_is_told() -> None:
    grey = Picture("c", "c.jpg", 500, 400, 300, is_grey=True)
    assert changes_of(KEPT, grey, pair()) == ("without colour",)
    assert changes_of(grey, grey, pair()) == ("encoded anew",)
