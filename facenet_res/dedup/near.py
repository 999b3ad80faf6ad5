"""Groups of near copies, each around the photo that is suggested to be kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from facenet_res.dedup.camera import names_camera
from facenet_res.dedup.copies import group_copies
from facenet_res.dedup.pairs import PixelComparison
from facenet_res.dedup.plan import Picture, is_as_good, keep_order
from facenet_res.dedup.turns import TURNS
from facenet_res.dedup.types import CopyPair


class NearCopies:
    """What is known of the pictures and of their pairs, and groups made from it."""

    def __init__(
        self,
        folder: Path,
        pictures: Mapping[str, Picture],
        pairs: Iterable[CopyPair],
        comparison: PixelComparison,
    ) -> None:
        """Takes the photos' folder, and the pictures by SHA-256 in the order of their rows."""
        self._folder = folder
        self._pictures = pictures
        self._comparison = comparison
        self._rows = {name: row for row, name in enumerate(pictures)}
        self._known: dict[tuple[str, str], CopyPair] = {}
        for pair in pairs:
            self._learn(pair)

    def groups(self) -> list[list[CopyPair]]:
        """For each group its kept photo and the copies, each as a pair whose first is the kept."""
        order = sorted(self._pictures, key=lambda name: keep_order(self._pictures[name]))
        found = group_copies(order, list(self._known), self._is_copy_of)
        return [self._around(self._kept(group), group) for group in found]

    def _kept(self, group: Sequence[str]) -> str:
        """The one to keep of a group, which comes with its centre first.

        Among as good ones it is the first that lies as most of the group do: a mirrored copy, saved
        anew with more bytes, is not what the others were made from. Of those it is one that names
        its camera, if any does. Another than the centre must
        have been compared with every other, as the centre was.
        """
        centre = self._pictures[group[0]]
        turns = {name: self._known[group[0], name].turn for name in group[1:]} | {group[0]: 0}
        lying = Counter(turns.values())
        equals = [name for name in group if is_as_good(self._pictures[name], centre)]
        cameras = {name: names_camera(self._folder / self._pictures[name].path) for name in equals}
        return next(
            name
            for name in sorted(equals, key=lambda name: (-lying[turns[name]], not cameras[name]))
            if all(self._is_copy_of(name, other) for other in group if other != name)
        )

    def _around(self, kept: str, group: Sequence[str]) -> list[CopyPair]:
        others = (self._known[kept, name] for name in group if name != kept)
        return [itself(kept), *others]

    def _is_copy_of(self, centre: str, name: str) -> bool:
        if (centre, name) not in self._known:
            rows = self._rows[centre], self._rows[name]
            found = self._comparison.compare(*rows, range(TURNS))
            if found is None or not found.is_copy:
                return False
            self._learn(found)
        return True

    def _learn(self, pair: CopyPair) -> None:
        self._known[pair.first, pair.second] = pair
        self._known[pair.second, pair.first] = pair.swapped()


def itself(name: str) -> CopyPair:
    """A photo as a pair with itself."""
    return CopyPair(name, name, 0, 1.0, 1.0, 1.0, True)
