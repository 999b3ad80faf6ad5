"""Groups of near copies, each around the image that is suggested to be kept.

Pairs alone would chain: a crop of a crop of a crop ends far from the first. So the images that
pairs join are ranked, the best is the centre, and whoever joins was compared with the centre. What
is left is ranked again.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.decisions import Decisions
from facenet_res.dedup.frame import is_framed
from facenet_res.dedup.keeper import Ranking
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
    """What is known of the images and of their pairs, and groups made from it.

    Attributes:
        compared: pairs that only the making of the groups asked for.
    """

    def __init__(
        self,
        pictures: Mapping[str, Picture],
        pairs: Iterable[CopyPair],
        comparison: PixelComparison,
        judged: Iterable[CopyPair],
        decisions: Decisions,
    ) -> None:
        """Takes the images by SHA-256, in the order of their rows.

        Args:
            pictures: the images.
            pairs: copies, and collages with what they show.
            comparison: for pairs that are asked for besides.
            judged: what was ever compared.
            decisions: what is no copy, and what to keep.
        """
        self._judged = {}
        for pair in judged:
            self._judged[pair.first, pair.second] = pair
            self._judged[pair.second, pair.first] = pair.swapped()
        self._pictures = pictures
        self._comparison = comparison
        self._decisions = decisions
        self._rows = {name: row for row, name in enumerate(pictures)}
        self._known: dict[tuple[str, str], CopyPair] = {}
        self.compared: list[CopyPair] = []
        self._near: defaultdict[str, set[str]] = defaultdict(set)
        for pair in pairs:
            # A file may have gone since it was compared.
            if pair.first in pictures and pair.second in pictures:
                self._learn(pair)
        for first, second in decisions.not_copies:
            if first in pictures and second in pictures:
                self._learn(CopyPair(first, second, is_copy=False))

    def contained(self) -> list[CopyPair]:
        """Pairs of which the second contains the first beside other content, by path."""
        found = (pair for pair in self._known.values() if pair.container == "second")
        pictures = self._pictures
        return sorted(found, key=lambda p: (pictures[p.second].path, pictures[p.first].path))

    def groups(self) -> list[NearGroup]:
        """The groups, by the path of the one to keep."""
        found = [group for component in self._components() for group in self._split(component)]
        return sorted(found, key=lambda group: self._pictures[group.pairs[0].first].path)

    def _components(self) -> list[list[str]]:
        names, rows = list(self._pictures), self._rows
        edges = [(rows[a], rows[b]) for (a, b), pair in self._known.items() if pair.is_copy]
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
        inside = set(names)
        return {
            name: sorted(
                (o for o in self._near[name] & inside if self._known[name, o].is_copy),
                key=self._rows.__getitem__,
            )
            for name in names
        }

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
        copies = self._copies_among(names)
        pairs = [self._known[a, b] for a in names for b in copies[a] if a < b]
        framed = {}
        for pair in pairs:
            for each in (pair, pair.swapped()):
                first, second = (self._rows[name] for name in (each.first, each.second))
                views = self._comparison.view(first), self._comparison.view(second)
                framed[each.first, each.second] = is_framed(*views, each)
        keep = self._decisions.keep
        return Ranking({name: self._pictures[name] for name in names}, pairs, framed, keep)

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
        if (centre, name) not in self._known and (centre, name) in self._judged:
            self._learn(self._judged[centre, name])
        if (centre, name) not in self._known:
            rows = self._rows[centre], self._rows[name]
            self.compared.append(self._comparison.compare(*rows, range(TURNS)))
            self._learn(self.compared[-1])
        return self._known[centre, name].is_copy

    def _learn(self, pair: CopyPair) -> None:
        pairs = tuple(sorted((pair.first, pair.second)))
        if pairs in self._decisions.not_copies and pair.is_copy:
            return
        self._known[pair.first, pair.second] = pair
        self._known[pair.second, pair.first] = pair.swapped()
        self._near[pair.first].add(pair.second)
        self._near[pair.second].add(pair.first)


def itself(name: str) -> CopyPair:
    """An image as a pair with itself."""
    return CopyPair(name, name, is_copy=True, similarity=1.0)
