"""People who are enrolled twice: pairs of people with faces as alike as one person's."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facenet_res.gallery.search import SCORES_MAX, Searcher
from facenet_res.gallery.store import Store
from facenet_res.gallery.table import NO_ROW
from facenet_res.gallery.types import Duplicate

PASS_SCORES_MAX = SCORES_MAX // 8


class _Pair(NamedTuple):
    score: float
    slot: int
    other_slot: int


def find_duplicates(store: Store, threshold: float, pairs_max: int) -> list[Duplicate]:
    """The pairs of people whose closest faces score at least the threshold, best first.

    Every face is compared with every other: the time grows with the square of their number.

    Args:
        store: open; others may write meanwhile.
        threshold: least score, in [-1, 1].
        pairs_max: most pairs to return.
    """
    store.refresh()
    view = store.view()
    used = np.flatnonzero(view.face_rows != NO_ROW)
    searcher = Searcher(lambda: (view, store.vectors))
    best: dict[tuple[int, int], _Pair] = {}
    step = max(1, PASS_SCORES_MAX // max(1, len(view.face_rows)))
    for begin in range(0, len(used), step):
        slots = used[begin : begin + step]
        cosines = searcher.scores(store.vectors[slots].copy()).cosines
        rows, others = np.nonzero(cosines >= threshold)
        _keep_best(best, view.person_rows, slots[rows], others, cosines[rows, others])
    ranked = sorted(best.values(), key=lambda pair: -pair.score)[:pairs_max]
    hits = store.hits(np.array(sorted({s for pair in ranked for s in pair[1:]}), np.int64))
    return [
        Duplicate(
            hits[pair.slot].person_id,
            hits[pair.other_slot].person_id,
            min(1.0, float(hits[pair.slot].vector @ hits[pair.other_slot].vector)),
            hits[pair.slot].face_id,
            hits[pair.other_slot].face_id,
        )
        for pair in ranked
        # A face that was deleted meanwhile is nobody's.
        if pair.slot in hits and pair.other_slot in hits
    ]


def _keep_best(
    best: dict[tuple[int, int], _Pair],
    owners: NDArray[np.int64],
    slots: NDArray[np.int64],
    others: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> None:
    """Keeps the best pair of faces of each pair of people; each is seen from both sides."""
    counts = owners[slots] < owners[others]
    slots, others, scores = slots[counts], others[counts], scores[counts]
    for slot, other, score in zip(slots.tolist(), others.tolist(), scores.tolist(), strict=True):
        people = (int(owners[slot]), int(owners[other]))
        if people not in best or score > best[people].score:
            best[people] = _Pair(score, slot, other)
