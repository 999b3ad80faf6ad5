"""Faces to people: average-link clustering over the nearest neighbours, with a rule about photos.

One similar pair does not join two people: two clusters are joined while the *mean* similarity of
all their pairs reaches the threshold, the most similar first, and never where they share a photo,
since a person is in a photo once. The mean needs no pairs: for unit vectors it is the product of
the clusters' sums. Only clusters that some near pair links are looked at, so the work grows with
the number of near pairs and not with the square of the number of faces.

Source: average linkage is UPGMA, Sokal and Michener 1958; the restriction to near pairs is ours
and can only keep faces apart.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facenet_res.dedup.candidates import EXACT_MAX, open_index

NEIGHBOURS = 32
_FACES_A_BLOCK = 4096


def near_pairs(
    embeddings: NDArray[np.float16], similarity_min: float, exact_max: int = EXACT_MAX
) -> list[tuple[int, int, float]]:
    """Pairs of faces, each with one of its 32 nearest, at or above a similarity.

    Args:
        embeddings: float16[K, D], unit rows.
        similarity_min: cosine in [-1, 1].
        exact_max: largest K that is searched exactly.

    Returns:
        (first row, greater row, cosine), sorted by the rows.
    """
    count = len(embeddings)
    if count < 2:
        return []
    rows = np.ascontiguousarray(embeddings, np.float32)
    index = open_index(rows, exact_max)
    found: dict[tuple[int, int], float] = {}
    for start in range(0, count, _FACES_A_BLOCK):
        block = rows[start : start + _FACES_A_BLOCK]
        _, nearest = index.search(block, min(NEIGHBOURS + 1, count))
        firsts = np.repeat(np.arange(start, start + len(block)), nearest.shape[1])
        seconds = nearest.ravel()
        usable = (seconds >= 0) & (seconds != firsts)
        for first, second in zip(firsts[usable].tolist(), seconds[usable].tolist(), strict=True):
            pair = (min(first, second), max(first, second))
            if pair not in found:
                found[pair] = float(rows[pair[0]] @ rows[pair[1]])
    return sorted((a, b, value) for (a, b), value in found.items() if value >= similarity_min)


def group_faces(
    embeddings: NDArray[np.float16],
    photos: Sequence[int],
    pairs: Iterable[tuple[int, int, float]],
    similarity_min: float,
) -> list[list[int]]:
    """Clusters of two faces and more, each of one person.

    Args:
        embeddings: float16[K, D], unit rows.
        photos: of each face, the number of its photo.
        pairs: see `near_pairs`.
        similarity_min: least mean similarity between two clusters that are joined.

    Returns:
        Disjoint lists of rows, ascending, by their first row. No two faces of a cluster are of one
        photo, and the mean similarity of its pairs is at least `similarity_min`.
    """
    clusters = _Clusters(embeddings, photos)
    for first, second, _ in pairs:
        clusters.link(first, second, similarity_min)
    while clusters.waiting:
        _, first, second = heapq.heappop(clusters.waiting)
        if clusters.can_join(first, second):
            clusters.join(first, second, similarity_min)
    return sorted(sorted(rows) for rows in clusters.rows.values() if len(rows) > 1)


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


class _Clusters:
    """The clusters as they grow. A joined cluster gets a new number, so stale entries show."""

    def __init__(self, embeddings: NDArray[np.float16], photos: Sequence[int]) -> None:
        self.rows: dict[int, list[int]] = {}
        self.waiting: list[tuple[float, int, int]] = []
        self._embeddings = embeddings
        self._photos = photos
        # Only clusters that were joined keep a sum of their own; a single face is its own sum.
        self._sums: dict[int, NDArray[np.float64]] = {}
        self._shown: dict[int, set[int]] = {}
        self._linked: defaultdict[int, set[int]] = defaultdict(set)
        self._next = len(embeddings)

    def link(self, first: int, second: int, similarity_min: float) -> None:
        for row in (first, second):
            if row not in self.rows:
                self.rows[row] = [row]
                self._shown[row] = {self._photos[row]}
        self._linked[first].add(second)
        self._linked[second].add(first)
        self._offer(first, second, similarity_min)

    def can_join(self, first: int, second: int) -> bool:
        if first not in self.rows or second not in self.rows:
            return False
        return self._shown[first].isdisjoint(self._shown[second])

    def join(self, first: int, second: int, similarity_min: float) -> None:
        joined, self._next = self._next, self._next + 1
        self._sums[joined] = self._sum(first) + self._sum(second)
        self.rows[joined] = self.rows.pop(first) + self.rows.pop(second)
        self._shown[joined] = self._shown.pop(first) | self._shown.pop(second)
        others = (self._linked.pop(first) | self._linked.pop(second)) - {first, second}
        for gone in (first, second):
            self._sums.pop(gone, None)
        for other in sorted(others):
            self._linked[other] -= {first, second}
            self._linked[other].add(joined)
            self._linked[joined].add(other)
            self._offer(other, joined, similarity_min)

    def _offer(self, first: int, second: int, similarity_min: float) -> None:
        pairs = len(self.rows[first]) * len(self.rows[second])
        mean = float(self._sum(first) @ self._sum(second)) / pairs
        if mean >= similarity_min:
            heapq.heappush(self.waiting, (-mean, min(first, second), max(first, second)))

    def _sum(self, cluster: int) -> NDArray[np.float64]:
        if cluster in self._sums:
            return self._sums[cluster]
        return np.asarray(self._embeddings[cluster], np.float64)
