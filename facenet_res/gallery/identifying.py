"""Who is closest: from queries to people, each by the best face, read again from the truth."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ShuttingDown
from facenet_res.core.types import Candidate, Embeddings
from facenet_res.gallery.search import SCORES_MAX, Scores, Searcher
from facenet_res.gallery.store import Store
from facenet_res.gallery.table import NO_ROW, View
from facenet_res.gallery.thresholds import ImpostorScores, histogram_of
from facenet_res.gallery.types import EVERYBODY, Hit, PersonFilter

ATTEMPTS_MAX = 20
WIDENING = 4
PROBES_MAX, PROBES_MIN = 2000, 300
PROBE_COMPARISONS = 100_000_000
"""Comparisons after which the sample of probes is reduced: seconds of arithmetic."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A face of the truth and its cosine to the query."""

    hit: Hit
    score: float


class Identifier:
    """Searches in a store. Safe from several threads; waits for no writer."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        """Takes an open store and what tells the time, for people who expire."""
        self._store = store
        self._clock = clock
        self._searcher = Searcher(self._source)
        self._is_open = True

    def candidates(
        self, queries: Embeddings, people_max: int, where: PersonFilter = EVERYBODY
    ) -> list[tuple[Candidate, ...]]:
        """The closest people of each query by their best face, best first.

        Args:
            queries: float32[B, D], of unit length.
            people_max: at least 1.
            where: which people count.

        Raises:
            ShuttingDown: the gallery was closed.
        """
        self._store.refresh()
        allowed = None if where == EVERYBODY else self._store.rows_of_people(where)
        found: list[tuple[Candidate, ...]] = []
        step = max(1, SCORES_MAX // max(1, len(self._store.view().face_rows)))
        for begin in range(0, len(queries), step):
            found += self._closest(queries[begin : begin + step], people_max, allowed)
        return found

    def impostor_scores(self) -> ImpostorScores:
        """Searches for a sample of the people among all others."""
        self._store.refresh()
        position, view = self._store.position(), self._store.view()
        used = np.flatnonzero(view.face_rows != NO_ROW)
        people = np.unique(view.person_rows[used])
        generator = np.random.default_rng(0)
        limit = min(PROBES_MAX, max(PROBES_MIN, PROBE_COMPARISONS // max(1, len(used))))
        chosen = used
        if len(used) > limit:
            # One face of each of a sample of people: their scores depend least on each other.
            shuffled = generator.permutation(used)
            _, first = np.unique(view.person_rows[shuffled], return_index=True)
            chosen = generator.permutation(shuffled[first])[:limit]
        best, genuine = np.empty((2, len(chosen)), np.float32)
        histogram = histogram_of(np.empty(0, np.float32))
        step = max(1, SCORES_MAX // (4 * max(1, len(view.face_rows))))
        for begin in range(0, len(chosen), step):
            slots = chosen[begin : begin + step]
            scores = self._searcher.scores(self._store.vectors[slots].copy())
            for query, owner in enumerate(view.person_rows[slots].tolist()):
                others = _best_of_others(scores, query, owner)
                best[begin + query] = others.max(initial=-1.0)
                histogram += histogram_of(others)
                own = scores.view.person_rows == owner
                own[slots[query]] = False
                genuine[begin + query] = scores.cosines[query][own].max(initial=-np.inf)
        return ImpostorScores(
            len(people),
            len(used),
            view.person_rows[chosen].copy(),
            best,
            histogram,
            genuine,
            position,
        )

    def is_live(self, hit: Hit) -> bool:
        """Whether the time of a face's person is not over."""
        return hit.expires_unix_s > self._clock()

    def close(self) -> None:
        """Ends the searches to come; those in progress finish."""
        self._is_open = False

    def _source(self) -> tuple[View, NDArray[np.float32]]:
        view = self._store.view()
        return view, self._store.vectors

    def _closest(
        self, queries: Embeddings, people_max: int, allowed: NDArray[np.int64] | None
    ) -> list[tuple[Candidate, ...]]:
        """Searches until the truth confirms every face: again where one was just deleted."""
        wanted = people_max
        for _ in range(ATTEMPTS_MAX):
            if not self._is_open:
                raise ShuttingDown("the gallery was closed")
            scores = self._searcher.scores(queries)
            places = [scores.best_people(query, wanted, allowed) for query in range(len(queries))]
            slots = np.unique(np.concatenate([np.empty(0, np.int64), *places]))
            hits = self._store.hits(slots)
            now = self._clock()
            if len(hits) < len(slots):
                self._store.refresh()
            elif wanted < len(self._store.view().face_rows) and not all(
                hit.expires_unix_s > now for hit in hits.values()
            ):
                # People whose time is over and who are not deleted yet take up places.
                wanted *= WIDENING
            else:
                break
        return [
            _ranked([hits[slot] for slot in place.tolist() if slot in hits], query, now)[
                :people_max
            ]
            for place, query in zip(places, queries, strict=True)
        ]


def _ranked(hits: list[Hit], query: NDArray[np.float32], now: float) -> tuple[Candidate, ...]:
    """One candidate a person, whose time is not over, by the score of the truth's embedding."""
    scored = [_Found(hit, _cosine(hit.vector, query)) for hit in hits if hit.expires_unix_s > now]
    scored.sort(key=lambda one: -one.score)
    best: dict[int, Candidate] = {}
    for one in scored:
        candidate = Candidate(one.hit.person_id, one.hit.face_id, one.score)
        best.setdefault(one.hit.person_row, candidate)
    return tuple(best.values())


def _cosine(vector: NDArray[np.float32], query: NDArray[np.float32]) -> float:
    # Rounding may push the product of two unit rows a hair beyond 1.
    product = float(vector @ query)
    return 0.0 if math.isnan(product) else max(-1.0, min(1.0, product))


def _best_of_others(scores: Scores, query: int, owner: int) -> NDArray[np.float32]:
    """The best score of each person but the owner."""
    people = scores.view.person_rows
    counts = np.isfinite(scores.cosines[query]) & (people != owner)
    cosines, people = scores.cosines[query][counts], people[counts]
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=-1))
    if not len(starts):
        return np.empty(0, np.float32)
    best: NDArray[np.float32] = np.maximum.reduceat(cosines[order], starts)
    return best
