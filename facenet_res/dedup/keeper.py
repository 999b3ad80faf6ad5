"""Which of several copies to keep, and why. A suggestion, nothing more.

In this order: chosen by hand, real detail at equal scale (an enlarged copy has none of its own),
nothing laid over it, not set in a frame, the most of the scene, colour, fewer clipped pixels, a
camera named in the metadata, visible before hidden, the way most of them lie, quality (bytes a
pixel), the oldest, the first name. Of two files with the same pixels none has more quality.

Detail is the energy of the finest octave. A copy that is larger by a factor s keeps about as much
if it is real, and loses it with s^-3.5 (and gains some by compression) if it was enlarged; set
on about 60 of the images of DECISIONS.md 42, at factors from 1.2 to 3.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.frame import COVER_MIN
from facenet_res.dedup.plan import Picture

# Scales within this factor are one scale.
_SCALE_STEP: Final = 1.12
_DETAIL_POWER: Final = -2.6
_NS_PER_S: Final = 1_000_000_000

# Against the best of the group: less than these shares of its colour and of its bytes a pixel, or
# this much more of the pixels clipped.
_COLOUR_SHARE: Final = 0.6
_QUALITY_SHARE: Final = 0.67
_CLIPPED_MORE: Final = 0.06
# A blurred copy of the same size has less of the detail than this.
_BLURRED_SHARE: Final = 0.25

REASONS: Final = (
    "chosen by hand",
    "more real detail",
    "nothing laid over it",
    "not framed",
    "shows more",
    "more colour",
    "less clipped",
    "names its camera",
    "not hidden",
    "lies as most do",
    "better quality",
    "older",
    "first by name",
)


@dataclass(slots=True)
class _Standing:
    """What speaks against an image among its copies."""

    scale: float = 1.0
    is_coarse: bool = False
    has_overlay: bool = False
    is_framed: bool = False
    is_cropped: bool = False
    lying: tuple[bool, int] = (False, 0)
    lying_alike: int = 1


class Ranking:
    """An order of images that are joined by pairs of copies, the one to keep first."""

    def __init__(
        self,
        pictures: Mapping[str, Picture],
        pairs: Iterable[CopyPair],
        framed: Mapping[tuple[str, str], bool],
        chosen: Mapping[str, int] | None = None,
    ) -> None:
        """Takes pairs in one direction each.

        Args:
            pictures: the images to rank, by SHA-256.
            pairs: of copies.
            framed: by the names of a pair, whether the second frames the first.
            chosen: images that were chosen by hand, with the number of the decision.
        """
        self._chosen = chosen or {}
        self._pictures = pictures
        self._bytes: dict[str, int] = {}
        for picture in pictures.values():
            fewest = self._bytes.get(picture.pixels_sha256, picture.bytes)
            self._bytes[picture.pixels_sha256] = min(fewest, picture.bytes)
        every = list(pictures.values())
        self._best_colour = max(picture.colour for picture in every)
        self._least_clipped = min(picture.clipped for picture in every)
        self._best_quality = max(self._quality(picture) for picture in every)
        self._standings: defaultdict[str, _Standing] = defaultdict(_Standing)
        edges: defaultdict[str, list[CopyPair]] = defaultdict(list)
        for pair in pairs:
            for each in (pair, pair.swapped()):
                edges[each.first].append(each)
                self._compare(each, framed)
        self._scale_all(edges)

    def key(self, name: str) -> tuple[bool | float | str, ...]:
        """Sorts the image to keep first."""
        picture, standing = self._pictures[name], self._standings[name]
        return (
            -self._chosen.get(name, -1),
            standing.is_coarse,
            standing.has_overlay,
            standing.is_framed,
            standing.is_cropped,
            picture.colour < _COLOUR_SHARE * self._best_colour,
            picture.clipped > self._least_clipped + _CLIPPED_MORE,
            not picture.names_camera,
            picture.is_hidden,
            -standing.lying_alike,
            self._quality(picture) < _QUALITY_SHARE * self._best_quality,
            # Whole seconds: many file systems and archives keep no more.
            picture.mtime_ns // _NS_PER_S,
            picture.path,
        )

    def _quality(self, picture: Picture) -> float:
        # A PNG of a JPEG has its pixels and more bytes, and is no better.
        fewest = self._bytes.get(picture.pixels_sha256, picture.bytes)
        return fewest / max(1, picture.width_px * picture.height_px)

    def reason(self, kept: str, other: str) -> str:
        """Why one is kept rather than another."""
        pairs = zip(self.key(kept), self.key(other), REASONS, strict=True)
        return next((reason for a, b, reason in pairs if a != b), "")

    def _compare(self, pair: CopyPair, framed: Mapping[tuple[str, str], bool]) -> None:
        """What one pair says about its second image."""
        standing = self._standings[pair.second]
        standing.has_overlay |= bool(pair.overlay) and pair.overlay_on == "second"
        frames = framed.get((pair.first, pair.second), False)
        standing.is_framed |= frames
        is_part = pair.covers[0] < COVER_MIN
        standing.is_cropped |= is_part and not framed.get((pair.second, pair.first), False)

    def _scale_all(self, edges: Mapping[str, list[CopyPair]]) -> None:
        """Sets each image's scale and position within its component, and what follows."""
        seen: set[str] = set()
        for start in edges:
            if start in seen:
                continue
            seen.add(start)
            component, waiting = [start], deque([start])
            while waiting:
                name = waiting.popleft()
                for pair in edges[name]:
                    if pair.second not in seen:
                        seen.add(pair.second)
                        self._place(pair)
                        component.append(pair.second)
                        waiting.append(pair.second)
            self._mark_coarse(component)
            alike = Counter(self._standings[name].lying for name in component)
            for name in component:
                self._standings[name].lying_alike = alike[self._standings[name].lying]

    def _place(self, pair: CopyPair) -> None:
        first, second = self._pictures[pair.first], self._pictures[pair.second]
        sizes = (first.width_px, first.height_px), (second.width_px, second.height_px)
        degrees, scale = pair.turn(*sizes)
        before, now = self._standings[pair.first], self._standings[pair.second]
        now.scale = before.scale * scale
        was_mirrored, quarters = before.lying
        turned = round(degrees / 90) * (-1 if was_mirrored else 1)
        now.lying = was_mirrored != pair.is_mirrored, (quarters + turned) % 4

    def _mark_coarse(self, component: list[str]) -> None:
        standings = self._standings
        ascending = sorted(component, key=lambda name: (standings[name].scale, name))
        # The lettering around a screenshot is no detail of the scene.
        plain = [n for n in ascending if not (standings[n].is_framed or standings[n].has_overlay)]
        ascending = plain or ascending
        best, best_detail = standings[ascending[0]].scale, self._pictures[ascending[0]].detail
        enlarged = set()
        for name in ascending[1:]:
            step = standings[name].scale / best
            detail = self._pictures[name].detail
            if step <= _SCALE_STEP:
                best_detail = max(best_detail, detail)
            elif detail >= best_detail * step**_DETAIL_POWER:
                best, best_detail = standings[name].scale, detail
            else:
                enlarged.add(name)
        for name in component:
            is_small = standings[name].scale < best / _SCALE_STEP
            is_blurred = self._pictures[name].detail < _BLURRED_SHARE * best_detail
            standings[name].is_coarse = is_small or is_blurred or name in enlarged
