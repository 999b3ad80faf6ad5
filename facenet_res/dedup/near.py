"""Groups of near copies, each around the image that is suggested to be kept.

Pairs alone would chain: a crop of a crop of a crop ends far from the first. So the images that
pairs join are ranked, the best is the centre, and whoever joins was compared with the centre. What
is left is ranked again.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.keeper import Ranking, is_framed
from facenet_res.dedup.pairs import PixelComparison
from facenet_res.dedup.plan import Picture
from facenet_res.dedup.turns import TURNS


@dataclass(frozen=True, slots=True)
class NearGroup:
    """Copies of one image.

    Attributes:
        pairs: the kept one with itself, then with each of the others; its name comes first.
        reasons: why the kept one is kept rather than each of them; "" for itself.
    """

    pairs: tuple[CopyPair, ...]
    reasons: tuple[str, ...]


class NearCopies:
    """What is known of the images and of their pairs, and groups made from it."""

    def __init__(
        self,
        pictures: Mapping[str, Picture],
        pairs: Iterable[CopyPair],
        comparison: PixelComparison,
    ) -> None:
        """Takes the images by SHA-256, in the order of their rows."""
        self._pictures = pictures
        self._comparison = comparison
        self._rows = {name: row for row, name in enumerate(pictures)}
        self._known: dict[tuple[str, str], CopyPair] = {}
        for pair in pairs:
            self._learn(pair)

    def groups(self) -> list[NearGroup]:
        """The groups, by the path of the one to keep."""
        found = [group for component in self._components() for group in self._split(component)]
        return sorted(found, key=lambda group: self._pictures[group.pairs[0].first].path)

    def _components(self) -> list[list[str]]:
        names, rows = list(self._pictures), self._rows
        edges = [(rows[a], rows[b]) for a, b in self._known]
        if not edges:
            return []
        firsts, seconds = np.array(edges).T
        graph = coo_array((np.ones(len(edges)), (firsts, seconds)), (len(names), len(names)))
        _, labels = connected_components(graph, directed=False)
        order = np.argsort(labels, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
        return [[names[row] for row in part.tolist()] for part in parts if len(part) > 1]

    def _split(self, component: Sequence[str]) -> list[NearGroup]:
        left, groups = list(component), []
        while len(left) > 1:
            copies = self._copies_among(left)
            if not any(copies.values()):
                break
            ranking = self._ranking(left)
            # Most are copies of the one they were made from.
            centre = min(left, key=lambda name: (-len(copies[name]), ranking.key(name)))
            members = self._gathered(centre, copies)
            if len(members) > 1:
                groups.append(self._group(centre, members, ranking))
            left = [name for name in left if name not in members]
        return groups

    def _copies_among(self, names: Sequence[str]) -> dict[str, list[str]]:
        found = {
            name: [
                other
                for other in names
                if (name, other) in self._known and self._known[name, other].is_copy
            ]
            for name in names
        }
        return found

    def _group(self, centre: str, members: set[str], ranking: Ranking) -> NearGroup:
        """The members around the best of them that is a copy of each."""
        kept = next(
            name
            for name in sorted(members, key=ranking.key)
            if name == centre or all(self._is_copy_of(name, o) for o in members - {name})
        )
        others = sorted(members - {kept}, key=ranking.key)
        pairs = (itself(kept), *(self._known[kept, name] for name in others))
        return NearGroup(pairs, ("", *(ranking.reason(kept, name) for name in others)))

    def _ranking(self, names: Sequence[str]) -> Ranking:
        inside = set(names)
        pairs = [
            pair
            for (a, b), pair in self._known.items()
            if a < b and a in inside and b in inside and pair.is_copy
        ]
        framed = {}
        for pair in pairs:
            for each in (pair, pair.swapped()):
                first, second = (self._rows[name] for name in (each.first, each.second))
                views = self._comparison.view(first), self._comparison.view(second)
                framed[each.first, each.second] = is_framed(*views, each)
        return Ranking({name: self._pictures[name] for name in names}, pairs, framed)

    def _gathered(self, centre: str, copies: Mapping[str, Sequence[str]]) -> set[str]:
        """What the pairs lead to from the centre, as far as it is a copy of the centre."""
        members, seen, waiting = {centre}, {centre}, deque([centre])
        while waiting:
            for name in copies[waiting.popleft()]:
                if name in seen:
                    continue
                seen.add(name)
                if self._is_copy_of(centre, name):
                    members.add(name)
                    waiting.append(name)
        return members

    def _is_copy_of(self, centre: str, name: str) -> bool:
        if (centre, name) not in self._known:
            rows = self._rows[centre], self._rows[name]
            self._learn(self._comparison.compare(*rows, range(TURNS)))
        return self._known[centre, name].is_copy

    def _learn(self, pair: CopyPair) -> None:
        self._known[pair.first, pair.second] = pair
        self._known[pair.second, pair.first] = pair.swapped()


def itself(name: str) -> CopyPair:
    """An image as a pair with itself."""
    return CopyPair(name, name, is_copy=True, similarity=1.0)
