"""Exact search: every face is compared, and searches that wait share one pass over memory.

Bound: a pass reads all vectors once, 4 D bytes a face. One query costs what memory takes to
deliver them; further queries of the same pass cost arithmetic alone.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Embeddings
from facenet_res.gallery.table import NO_ROW, View

SCORES_MAX = 1 << 26
"""Scores that one pass may hold in memory: 256 MiB of them."""
FACES_FIRST = 4
GROWTH = 8

Source = Callable[[], tuple[View, NDArray[np.float32]]]
"""Which slot is whose, and the vectors of at least these slots."""


@dataclass(slots=True, eq=False)
class _Search:
    """Queries that wait for a pass."""

    queries: Embeddings
    turn: threading.Event = field(default_factory=threading.Event)
    is_leader: bool = False
    result: "Scores | None" = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a pass found for the queries of one search.

    Attributes:
        view: whose the slots were.
        cosines: float32[Q, S], may be written to; -inf where a slot is free.
    """

    view: View
    cosines: NDArray[np.float32]

    def best_people(
        self, query: int, people_max: int, allowed: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """The best face of each of the closest people, best first, as slots.

        Args:
            query: number of the query.
            people_max: at least 1.
            allowed: row numbers of the people who count; None for all.
        """
        cosines, people = self.cosines[query], self.view.person_rows
        if allowed is not None:
            cosines = np.where(np.isin(people, allowed), cosines, -np.inf)
        slots = len(cosines)
        faces = people_max * FACES_FIRST
        while slots:
            # Where few people have most of the best faces, more scores are looked at: no vector.
            faces = min(faces, slots)
            top = np.argpartition(cosines, slots - faces)[slots - faces :]
            top = top[np.isfinite(cosines[top])]
            top = top[np.argsort(-cosines[top], kind="stable")]
            _, first = np.unique(people[top], return_index=True)
            if len(first) >= people_max or faces == slots:
                best: NDArray[np.int64] = top[np.sort(first)[:people_max]]
                return best
            faces *= GROWTH
        return np.empty(0, np.int64)


class Searcher:
    """Scores of queries against all faces. Safe from several threads.

    The thread whose search came first leads a pass for all that wait; then the next leads.
    """

    def __init__(self, source: Source) -> None:
        """Takes what gives the vectors; it is called before each pass."""
        self._source = source
        self._lock = threading.Lock()
        self._waiting: list[_Search] = []
        self._is_busy = False

    def scores(self, queries: Embeddings) -> Scores:
        """Compares float32[Q, D] with every face."""
        search = _Search(queries)
        with self._lock:
            if self._is_busy:
                self._waiting.append(search)
            else:
                self._is_busy = search.is_leader = True
        if not search.is_leader:
            search.turn.wait()
        if search.is_leader:
            self._lead(search)
        if search.result is None:
            raise search.error or AssertionError("a search ended without result or error")
        return search.result

    def _lead(self, search: _Search) -> None:
        batch = [search]
        try:
            view, vectors = self._source()
            batch += self._company(search, len(view.face_rows))
            _score(batch, view, vectors)
        except BaseException as error:
            for one in batch:
                one.error = error
        finally:
            with self._lock:
                self._is_busy = bool(self._waiting)
                if self._waiting:
                    successor = self._waiting.pop(0)
                    successor.is_leader = True
                    successor.turn.set()
            for one in batch[1:]:
                one.turn.set()

    def _company(self, search: _Search, slots: int) -> list[_Search]:
        """The searches that fit into the pass, in the order in which they came."""
        queries_max = SCORES_MAX // max(1, slots)
        queries, company = len(search.queries), []
        with self._lock:
            while self._waiting and queries + len(self._waiting[0].queries) <= queries_max:
                company.append(self._waiting.pop(0))
                queries += len(company[-1].queries)
        return company


def _score(batch: list[_Search], view: View, vectors: NDArray[np.float32]) -> None:
    slots = len(view.face_rows)
    cosines = np.concatenate([one.queries for one in batch]) @ vectors[:slots].T
    if view.has_free:
        cosines[:, view.face_rows == NO_ROW] = -np.inf
    begin = 0
    for one in batch:
        end = begin + len(one.queries)
        one.result = Scores(view, cosines[begin:end])
        begin = end
