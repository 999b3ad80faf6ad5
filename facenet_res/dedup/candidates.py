"""Which photos may be copies of which: nearest neighbours of the fingerprints, never all pairs.

Every photo asks sixteen times (two views, eight turns) for its nearest photos in an index of the
whole views, and keeps the best few. Up to `EXACT_MAX` photos the search is exact; beyond, an
inverted file keeps the work near N * sqrt(N) and finds what is as close as a copy is.

Bound: one row is 256 bytes in the index, 512 in memory, and a photo has at most `PER_PHOTO_MAX`
candidates: a million photos need about 0.8 GB and 16 million comparisons of thumbnails at most.
"""

from dataclasses import dataclass
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from facenet_res.dedup.fingerprint import DESCRIPTOR_DIM, VIEWS, WHOLE
from facenet_res.dedup.turns import TURNS, inverse, turned_descriptors

SIMILARITY_MIN: Final = 0.6
NEIGHBOURS: Final = 8
PER_PHOTO_MAX: Final = 16
EXACT_MAX: Final = 20_000

# A symmetric picture resembles its mirror image: turns this close to the best are tried as well.
_TURN_MARGIN: Final = 0.1
_PHOTOS_A_BLOCK: Final = 512
_LISTS_MAX: Final = 4096
_TRAINING_ROWS_A_LIST: Final = 64
_PROBES: Final = 24


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two photos to compare.

    Attributes:
        first: row of the fingerprints.
        second: row, greater than the first.
        turns: of the second, so that it may lie like the first; likeliest first.
    """

    first: int
    second: int
    turns: tuple[int, ...]


def find_candidates(
    descriptors: NDArray[np.float32], exact_max: int = EXACT_MAX
) -> list[Candidate]:
    """Pairs of photos whose fingerprints are close, by rows.

    Args:
        descriptors: float32[N, 2, 64]; rows of zeros (pictures without structure) have none.
        exact_max: largest N that is searched exactly.
    """
    usable = np.flatnonzero(descriptors[:, WHOLE].any(axis=1))
    if len(usable) < 2:
        return []
    index = open_index(np.ascontiguousarray(descriptors[usable, WHOLE]), exact_max)
    found: dict[tuple[int, int], dict[int, float]] = {}
    for start in range(0, len(usable), _PHOTOS_A_BLOCK):
        rows = usable[start : start + _PHOTOS_A_BLOCK]
        for row, nearest in zip(rows.tolist(), _nearest(index, descriptors[rows]), strict=True):
            _keep_best(found, row, usable, nearest)
    return [
        Candidate(first, second, _likely_turns(similarities))
        for (first, second), similarities in sorted(found.items())
    ]


def open_index(rows: NDArray[np.float32], exact_max: int = EXACT_MAX) -> Any:
    """An inner product index of unit rows, float32[N, D]; inverted lists beyond `exact_max`."""
    count, dim = rows.shape
    index: Any = faiss.IndexFlatIP(dim)
    if count > exact_max:
        lists = min(_LISTS_MAX, max(1, round(4 * count**0.5)))
        lists = min(lists, count // 39 or 1)
        index = faiss.IndexIVFScalarQuantizer(
            index, dim, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.nprobe = min(_PROBES, lists)
        step = max(1, count // (lists * _TRAINING_ROWS_A_LIST))
        index.train(np.ascontiguousarray(rows[::step]))
    index.add(rows)
    return index


def _nearest(index: Any, descriptors: NDArray[np.float32]) -> list[list[tuple[int, int, float]]]:
    """For each photo of a block: (index row, turn of the photo, similarity)."""
    count = len(descriptors)
    queries = np.stack([turned_descriptors(descriptors, turn) for turn in range(TURNS)], axis=1)
    flat = queries.reshape(count * TURNS * VIEWS, DESCRIPTOR_DIM)
    similarities, rows = index.search(flat, min(NEIGHBOURS + 1, index.ntotal))
    hits: list[list[tuple[int, int, float]]] = [[] for _ in range(count)]
    queries_hit, ranks = np.nonzero((similarities >= SIMILARITY_MIN) & (rows >= 0))
    for query, rank in zip(queries_hit.tolist(), ranks.tolist(), strict=True):
        photo, turn = query // (TURNS * VIEWS), query // VIEWS % TURNS
        hits[photo].append((int(rows[query, rank]), turn, float(similarities[query, rank])))
    return hits


def _keep_best(
    found: dict[tuple[int, int], dict[int, float]],
    row: int,
    usable: NDArray[np.int64],
    nearest: list[tuple[int, int, float]],
) -> None:
    others: dict[int, float] = {}
    hits = [(int(usable[hit]), turn, similarity) for hit, turn, similarity in nearest]
    for other, _, similarity in hits:
        if other != row:
            others[other] = max(similarity, others.get(other, -1.0))
    best = sorted(others, key=lambda other: (-others[other], other))[:PER_PHOTO_MAX]
    for other, turn, similarity in hits:
        if other in best:
            pair = (min(row, other), max(row, other))
            # The row's picture was turned; what is kept is the turn of the second of the pair.
            kept = turn if row == pair[1] else inverse(turn)
            turns = found.setdefault(pair, {})
            turns[kept] = max(similarity, turns.get(kept, -1.0))


def _likely_turns(similarities: dict[int, float]) -> tuple[int, ...]:
    best = max(similarities.values())
    likely = [turn for turn, value in similarities.items() if value >= best - _TURN_MARGIN]
    return tuple(sorted(likely, key=lambda turn: (-similarities[turn], turn)))
