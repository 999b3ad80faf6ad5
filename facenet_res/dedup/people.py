"""Faces to people: average-link clustering over the nearest neighbours, with rules about who may.

One similar pair does not join two people: two clusters are joined while the *mean* similarity of
all their pairs reaches the threshold, the most similar first, and never where a rule keeps them
apart: two faces of one image, or a decision by hand. The mean needs no pairs: for unit vectors it
is the product of the clusters' sums. The near pairs split the faces into components, which are
worked through one by one, so that memory grows with the largest of them.

Source: average linkage is UPGMA, Sokal and Michener 1958; the restriction to near pairs is ours
and can only keep faces apart.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facenet_res.dedup.candidates import EXACT_MAX, open_index

NEIGHBOURS = 32
_FACES_A_BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class NearPairs:
    """Pairs of faces, each with one of its 32 nearest, ascending by the rows.

    Attributes:
        firsts: int64[P], rows.
        seconds: int64[P], greater rows.
        similarities: float32[P], cosines.
        nearest: float32[K], of each face the similarity of its nearest; -1 where it is alone.
    """

    firsts: NDArray[np.int64]
    seconds: NDArray[np.int64]
    similarities: NDArray[np.float32]
    nearest: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rules:
    """Which faces may be one person.

    Attributes:
        images: of each face, the number of its image; one person is in an image once.
        together: pairs of rows that are one person by a decision.
        apart: pairs of rows that are not.
    """

    images: Sequence[int]
    together: Sequence[tuple[int, int]] = field(default=())
    apart: Sequence[tuple[int, int]] = field(default=())


def near_pairs(
    embeddings: NDArray[np.float16], similarity_min: float, exact_max: int = EXACT_MAX
) -> NearPairs:
    """Pairs of faces at or above a similarity.

    Args:
        embeddings: float16[K, D], unit rows.
        similarity_min: cosine in [-1, 1].
        exact_max: largest K that is searched exactly.
    """
    count = len(embeddings)
    closest = np.full(count, -1, np.float32)
    codes, values = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    if count >= 2:
        rows = np.ascontiguousarray(embeddings, np.float32)
        index = open_index(rows, exact_max)
        for start in range(0, count, _FACES_A_BLOCK):
            block = rows[start : start + _FACES_A_BLOCK]
            found, nearest = index.search(block, min(NEIGHBOURS + 1, count))
            firsts = np.repeat(np.arange(start, start + len(block)), nearest.shape[1])
            seconds = nearest.ravel()
            others = np.where((nearest >= 0) & (seconds != firsts).reshape(found.shape), found, -1)
            closest[start : start + len(block)] = others.max(axis=1)
            # An index of half precision may be off by 0.001: the exact cosine decides below.
            usable = (seconds >= 0) & (seconds != firsts) & (found.ravel() >= similarity_min - 0.01)
            low, high = np.minimum(firsts, seconds)[usable], np.maximum(firsts, seconds)[usable]
            cosines = np.einsum("pd,pd->p", rows[low], rows[high])
            reached = cosines >= similarity_min
            codes.append(low[reached] * count + high[reached])
            values.append(cosines[reached].astype(np.float32))
    code, where = np.unique(np.concatenate(codes), return_index=True)
    firsts, seconds = np.divmod(code, max(count, 1))
    return NearPairs(firsts, seconds, np.concatenate(values)[where], closest)


def group_faces(
    embeddings: NDArray[np.float16], pairs: NearPairs, similarity_min: float, rules: Rules
) -> list[list[int]]:
    """Clusters of two faces and more, each of one person.

    Args:
        embeddings: float16[K, D], unit rows.
        pairs: see `near_pairs`.
        similarity_min: least mean similarity between two clusters that are joined.
        rules: decisions are followed whatever the similarity.

    Returns:
        Disjoint lists of rows, ascending, by their first row. But for decisions, no two faces of a
        cluster are of one image, and the mean similarity of its pairs is at least
        `similarity_min`.
    """
    found: list[list[int]] = []
    decided = _Decided(rules)
    for firsts, seconds in _components(len(embeddings), pairs, rules):
        clusters = _Clusters(embeddings, decided, np.union1d(firsts, seconds).tolist())
        for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
            clusters.link(first, second, similarity_min)
        while clusters.waiting:
            _, first, second = heapq.heappop(clusters.waiting)
            if clusters.can_join(first, second):
                clusters.join(first, second, similarity_min)
        found.extend(sorted(rows) for rows in clusters.rows.values() if len(rows) > 1)
    return sorted(found)


def attached(
    embeddings: NDArray[np.float16],
    weak: NDArray[np.float16],
    groups: Sequence[Sequence[int]],
    similarity_min: float,
) -> list[int]:
    """For each weak face the group whose mean similarity to it reaches the threshold, or -1.

    Weak faces (small, blurred, turned) may be shown with a person; they open no group and pull
    nobody else in.

    Args:
        embeddings: float16[K, D], unit rows of the faces that groups are made of.
        weak: float16[W, D], unit rows.
        groups: rows of the embeddings.
        similarity_min: in [-1, 1].
    """
    if not groups or not len(weak):
        return [-1] * len(weak)
    means = np.stack([embeddings[list(rows)].astype(np.float32).mean(axis=0) for rows in groups])
    found, nearest = open_index(means).search(np.ascontiguousarray(weak, np.float32), 1)
    best: list[int] = np.where(found[:, 0] >= similarity_min, nearest[:, 0], -1).tolist()
    return best


def similarities(embeddings: NDArray[np.float16]) -> list[float]:
    """Each face's mean similarity to the other faces of its person.

    The mean of these is what the threshold was held against when the person was put together.

    Args:
        embeddings: float16[F, D], unit rows, F at least 2.

    Returns:
        F cosines in [-1, 1].
    """
    rows = embeddings.astype(np.float64)
    # The sum of all pairs of a row, less the row with itself.
    to_others = rows @ rows.sum(axis=0) - (rows * rows).sum(axis=1)
    means: list[float] = np.clip(to_others / (len(rows) - 1), -1.0, 1.0).tolist()
    return means


def _components(
    count: int, pairs: NearPairs, rules: Rules
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The pairs of each connected component, decisions among them."""
    together = np.array(rules.together, np.int64).reshape(-1, 2)
    firsts = np.concatenate([pairs.firsts, together[:, 0]])
    seconds = np.concatenate([pairs.seconds, together[:, 1]])
    if not len(firsts):
        return
    graph = coo_array((np.ones(len(firsts), np.bool_), (firsts, seconds)), (count, count))
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels[firsts], kind="stable")
    ends = np.flatnonzero(np.diff(labels[firsts][order])) + 1
    for part in np.split(order, ends):
        yield firsts[part], seconds[part]


class _Decided:
    """The rules by row."""

    def __init__(self, rules: Rules) -> None:
        self.images = rules.images
        self.together: defaultdict[int, list[int]] = defaultdict(list)
        self.apart: defaultdict[int, set[int]] = defaultdict(set)
        for first, second in rules.together:
            self.together[first].append(second)
        for number, pair in enumerate(rules.apart, start=1):
            for row in pair:
                self.apart[row].add(-number)


class _Clusters:
    """The clusters of one component as they grow. A joined one gets a new number."""

    def __init__(self, embeddings: NDArray[np.float16], rules: _Decided, rows: list[int]) -> None:
        self.rows: dict[int, list[int]] = {row: [row] for row in rows}
        self.waiting: list[tuple[float, int, int]] = []
        self._embeddings = embeddings
        # Only clusters that were joined keep a sum of their own; a single face is its own sum.
        self._sums: dict[int, NDArray[np.float64]] = {}
        # What two clusters must not have in common: an image, or one side each of a decision.
        self._marks: dict[int, set[int]] = {
            row: {rules.images[row], *rules.apart.get(row, ())} for row in rows
        }
        self._linked: defaultdict[int, set[int]] = defaultdict(set)
        self._next = len(embeddings)
        self._of = {row: row for row in rows}
        for row in rows:
            for other in rules.together.get(row, ()):
                self._decide(row, other)

    def link(self, first: int, second: int, similarity_min: float) -> None:
        first, second = self._of[first], self._of[second]
        if first != second:
            self._linked[first].add(second)
            self._linked[second].add(first)
            self._offer(first, second, similarity_min)

    def can_join(self, first: int, second: int) -> bool:
        if first not in self.rows or second not in self.rows:
            return False
        return self._marks[first].isdisjoint(self._marks[second])

    def join(self, first: int, second: int, similarity_min: float) -> None:
        joined = self._joined(first, second)
        others = (self._linked.pop(first, set()) | self._linked.pop(second, set())) - {
            first,
            second,
        }
        for other in sorted(others):
            self._linked[other] -= {first, second}
            self._linked[other].add(joined)
            self._linked[joined].add(other)
            self._offer(other, joined, similarity_min)

    def _decide(self, first: int, second: int) -> None:
        """Joins what a decision joins, before any link."""
        first, second = self._of[first], self._of[second]
        if first != second:
            joined = self._joined(first, second)
            self._of.update(dict.fromkeys(self.rows[joined], joined))

    def _joined(self, first: int, second: int) -> int:
        joined, self._next = self._next, self._next + 1
        self._sums[joined] = self._sum(first) + self._sum(second)
        self.rows[joined] = self.rows.pop(first) + self.rows.pop(second)
        self._marks[joined] = self._marks.pop(first) | self._marks.pop(second)
        for gone in (first, second):
            self._sums.pop(gone, None)
        return joined

    def _offer(self, first: int, second: int, similarity_min: float) -> None:
        pairs = len(self.rows[first]) * len(self.rows[second])
        mean = float(self._sum(first) @ self._sum(second)) / pairs
        if mean >= similarity_min:
            heapq.heappush(self.waiting, (-mean, min(first, second), max(first, second)))

    def _sum(self, cluster: int) -> NDArray[np.float64]:
        if cluster in self._sums:
            return self._sums[cluster]
        return np.asarray(self._embeddings[cluster], np.float64)
