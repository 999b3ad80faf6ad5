"""Which images may be copies of which: shared corners, and for plain images the whole picture.

Corners: some bits of each code name a bucket, in several tables with other bits. The more codes
there are, the more bits, so that a bucket stays small; in a large one each code meets its next
neighbours only. Two images that meet often are candidates. Sorting is all the work: N log N.

Images with few corners (a sky, a blurred wall) ask for their nearest in an index of the whole
pictures' cosine waves, each in the eight ways it may lie.

Bound: one image has at most 250 corners, plain and mirrored, 16 kB in memory; a table adds 20 bytes
for each. An image has at most `PER_IMAGE_MAX` candidates.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from facenet_res.dedup.turns import TURNS, inverse, turned_descriptors

EXACT_MAX: Final = 20_000
PER_IMAGE_MAX: Final = 8
# Images with fewer corners are looked for as a whole.
CORNERS_FEW: Final = 60
SIMILARITY_MIN: Final = 0.7
NEIGHBOURS: Final = 6

_TABLES: Final = 8
_BITS_MIN, _BITS_MAX = 18, 32
_WINDOW: Final = 8
_MANY_IMAGES: Final = 2000
_MEETINGS_MIN: Final = 3
# Spreads above chance, and the share of the corners that is enough: of 600 pairs of copies of 100
# images all pass, of the pairs of other images that meet most often one in three.
_SPREADS: Final = 5.0
_CORNERS_SHARE: Final = 0.4
# A symmetric picture resembles its mirror image: turns this close to the best are tried as well.
_TURN_MARGIN: Final = 0.1
_IMAGES_A_BLOCK: Final = 512
_LISTS_MAX: Final = 4096
_TRAINING_ROWS_A_LIST: Final = 64
_PROBES: Final = 24


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two images to compare.

    Attributes:
        first: row of the fingerprints.
        second: row, greater than the first.
        turns: ways the second may lie as a whole, likeliest first; empty where corners met.
        meetings: how often their corners met.
    """

    first: int
    second: int
    turns: tuple[int, ...] = ()
    meetings: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Corners:
    """The codes of many images.

    Attributes:
        codes: uint8[K, 32].
        rows: int64[K], the image of each.
    """

    codes: NDArray[np.uint8]
    rows: NDArray[np.int64]


def find_candidates(
    plain: Corners, mirrored: Corners, descriptors: NDArray[np.float32], exact_max: int = EXACT_MAX
) -> list[Candidate]:
    """Pairs of images that may be copies, those whose corners met most often first.

    Args:
        plain: of the images as they are.
        mirrored: of the mirrored images.
        descriptors: float32[N, 2, 64]; see `fingerprint`.
        exact_max: largest N that is searched exactly.
    """
    met = meeting_pairs(plain, mirrored, len(descriptors))
    found = {(first, second): Candidate(first, second, (), times) for first, second, times in met}
    corners = np.bincount(plain.rows, minlength=len(descriptors))
    for candidate in _alike_as_a_whole(descriptors, corners < CORNERS_FEW, exact_max):
        pair = candidate.first, candidate.second
        meetings = found[pair].meetings if pair in found else 0
        found[pair] = replace(candidate, meetings=meetings)
    return sorted(found.values(), key=lambda each: (-each.meetings, each.first, each.second))


def meeting_pairs(plain: Corners, mirrored: Corners, images: int) -> list[tuple[int, int, int]]:
    """Pairs of images whose codes often fall into one bucket, the most frequent of each.

    Returns:
        (first row, second row, number of meetings).
    """
    codes = np.concatenate([plain.codes, mirrored.codes])
    rows = np.concatenate([plain.rows, mirrored.rows])
    is_mirrored = np.arange(len(codes)) >= len(plain.codes)
    if len(codes) < 2:
        return []
    bits = int(np.clip(np.ceil(np.log2(len(codes))) + 4, _BITS_MIN, _BITS_MAX))
    rng = np.random.default_rng(0)
    keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for _ in range(_TABLES):
        met = _met(_buckets(codes, rng.choice(256, bits, replace=False)), rows, is_mirrored, images)
        new, times = np.unique(met, return_counts=True)
        if images >= _MANY_IMAGES:
            # Chance meetings in a table are single ones then, and would be most of the memory.
            new, times = new[times > 1], times[times > 1]
        keys, where = np.unique(np.concatenate([keys, new]), return_inverse=True)
        counts = np.bincount(where, np.concatenate([counts, times])).astype(np.int64)
    firsts, seconds = np.divmod(keys, images)
    often = counts >= _meetings_min(firsts, seconds, counts, plain, images)
    return _best(firsts[often], seconds[often], counts[often])


def _meetings_min(
    firsts: NDArray[np.int64],
    seconds: NDArray[np.int64],
    counts: NDArray[np.int64],
    plain: Corners,
    images: int,
) -> NDArray[np.float64]:
    """How often each pair must meet: more than two images meet by chance.

    Chance is the median over all pairs and its spread, in proportion to the corners of the two. In
    a folder of copies of one image that is no chance at all, so a share of the corners is enough.
    """
    pairs = images * (images - 1) // 2
    zeros = max(0, pairs - len(counts))
    median = _median(counts, zeros)
    spread = 1.4826 * _median(np.abs(counts - median), zeros if median == 0 else 0)
    corners = np.bincount(plain.rows, minlength=images).astype(np.float64)
    typical = max(1.0, float(np.median(corners)))
    scale = corners[firsts] * corners[seconds] / typical**2
    enough = _CORNERS_SHARE * np.minimum(corners[firsts], corners[seconds])
    by_chance = (median + _SPREADS * spread) * scale
    return np.maximum(_MEETINGS_MIN, np.minimum(by_chance, enough))


def _median(values: NDArray[Any], zeros: int) -> float:
    """The median of values and so many zeros."""
    rank = (len(values) + zeros) // 2 - zeros
    return float(np.partition(values, rank)[rank]) if 0 <= rank < len(values) else 0.0


def _buckets(codes: NDArray[np.uint8], bits: NDArray[np.int64]) -> NDArray[np.uint32]:
    named = np.zeros(len(codes), np.uint32)
    for bit in bits.tolist():
        named = (named << np.uint32(1)) | ((codes[:, bit >> 3] >> (bit & 7)) & 1)
    return named


def _met(
    named: NDArray[np.uint32], rows: NDArray[np.int64], is_mirrored: NDArray[np.bool_], images: int
) -> NDArray[np.int64]:
    """First * images + second of each two neighbours in a bucket that are of two images."""
    # Within a bucket by image, so that many copies of one image meet the same others each time.
    order = np.lexsort((rows, named))
    named, rows, is_mirrored = named[order], rows[order], is_mirrored[order]
    found = []
    for step in range(1, _WINDOW + 1):
        same = (named[step:] == named[:-step]) & (rows[step:] != rows[:-step])
        same &= ~(is_mirrored[step:] & is_mirrored[:-step])
        at = np.flatnonzero(same)
        # Rows ascend within a bucket.
        found.append(rows[at] * images + rows[at + step])
    return np.concatenate(found)


def _best(
    firsts: NDArray[np.int64], seconds: NDArray[np.int64], counts: NDArray[np.int64]
) -> list[tuple[int, int, int]]:
    """The pairs that are among the most frequent of either of their images."""
    taken: defaultdict[int, int] = defaultdict(int)
    pairs = []
    order = np.lexsort((seconds, firsts, -counts))
    columns = (each[order].tolist() for each in (firsts, seconds, counts))
    for first, second, times in zip(*columns, strict=True):
        if min(taken[first], taken[second]) < PER_IMAGE_MAX:
            taken[first] += 1
            taken[second] += 1
            pairs.append((first, second, times))
    return pairs


def _alike_as_a_whole(
    descriptors: NDArray[np.float32], is_asking: NDArray[np.bool_], exact_max: int
) -> Iterator[Candidate]:
    """Pairs of which one has few corners, by the nearest of its whole picture or its inner part."""
    usable = np.flatnonzero(descriptors[:, 0].any(axis=1))
    asking = np.flatnonzero(is_asking & descriptors[:, 0].any(axis=1))
    if len(usable) < 2 or not len(asking):
        return
    index = open_index(np.ascontiguousarray(descriptors[usable, 0]), exact_max)
    found: defaultdict[tuple[int, int], dict[int, float]] = defaultdict(dict)
    for start in range(0, len(asking), _IMAGES_A_BLOCK):
        rows = asking[start : start + _IMAGES_A_BLOCK]
        for row, other, turn, similarity in _nearest(index, usable, rows, descriptors):
            if other != row:
                pair = (min(row, other), max(row, other))
                # The asking one was turned; what is kept is the turn of the second of the pair.
                kept = turn if row == pair[1] else inverse(turn)
                found[pair][kept] = max(similarity, found[pair].get(kept, -1.0))
    for (first, second), similarities in found.items():
        yield Candidate(first, second, _likely_turns(similarities))


def _nearest(
    index: Any,
    usable: NDArray[np.int64],
    rows: NDArray[np.int64],
    descriptors: NDArray[np.float32],
) -> Iterator[tuple[int, int, int, float]]:
    """(row, its near row, turn of the first, similarity)."""
    asked = descriptors[rows]
    views, dim = asked.shape[1:]
    queries = np.stack([turned_descriptors(asked, turn) for turn in range(TURNS)], axis=1)
    similarities, hits = index.search(queries.reshape(-1, dim), min(NEIGHBOURS + 1, index.ntotal))
    for query, rank in np.argwhere((similarities >= SIMILARITY_MIN) & (hits >= 0)).tolist():
        row, turn = int(rows[query // (TURNS * views)]), query // views % TURNS
        yield row, int(usable[hits[query, rank]]), turn, float(similarities[query, rank])


def _likely_turns(similarities: dict[int, float]) -> tuple[int, ...]:
    best = max(similarities.values())
    likely = [turn for turn, value in similarities.items() if value >= best - _TURN_MARGIN]
    return tuple(sorted(likely, key=lambda turn: (-similarities[turn], turn)))


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
