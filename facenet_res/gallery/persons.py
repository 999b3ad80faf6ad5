"""From the closest faces to the closest persons: one match a person, their best face."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from facenet_res.core.errors import ShuttingDown
from facenet_res.core.types import Candidate, Embeddings
from facenet_res.gallery.index import NO_ROW, Hits, Index
from facenet_res.gallery.types import Owner, Templates

FACES_PER_PERSON_FIRST = 4
GROWTH = 4


class PersonIndex:
    """An index of faces that knows whose they are. As safe from several threads as the index.

    Changes must come one at a time; searches may come at any time.
    """

    def __init__(self, index: Index) -> None:
        """Takes over an empty index."""
        self._index = index
        # A row is here before it is in the index and until after it has left it: a search that
        # finds a row without an owner has met a face that was deleted in the meantime.
        self._owners: dict[int, Owner] = {}
        self._is_open = True

    def add(self, templates: Templates) -> None:
        """Adds the faces that it does not have yet."""
        places = {
            row: place
            for place, row in enumerate(templates.rows.tolist())
            if row not in self._owners
        }
        if not places:
            return
        self._owners.update((row, templates.owners[place]) for row, place in places.items())
        try:
            chosen = list(places.values())
            self._index.add(templates.rows[chosen], templates.embeddings[chosen])
        except BaseException:
            self._forget(places)
            raise

    def remove(self, rows: Sequence[int]) -> None:
        """Removes the faces of these numbers."""
        self._index.remove(np.array(rows, np.int64))
        self._forget(rows)

    def closest(self, queries: Embeddings, persons_max: int) -> list[tuple[Candidate, ...]]:
        """The persons_max persons whose best face is closest to each query.

        The first look is at a few faces for each person asked for. Where those belong to too few
        persons, because some have hundreds of faces that all look alike, it looks at four times as
        many, until there are enough persons or no more faces.

        Args:
            queries: float32[B, D], of unit length.
            persons_max: at least 1.

        Returns:
            For each query its candidates, best first; fewer than persons_max only where the index
            holds fewer persons.

        Raises:
            ShuttingDown: the index was closed.
        """
        if not self._is_open:
            raise ShuttingDown("the gallery was closed")
        found: list[tuple[Candidate, ...]] = [() for _ in queries]
        waiting = list(range(len(queries)))
        faces_max = persons_max * FACES_PER_PERSON_FIRST
        while waiting:
            # One more than there are: the place left empty tells that nothing was overlooked.
            faces_max = min(faces_max, self._index.size + 1)
            hits = self._index.search(queries[waiting], faces_max)
            for place, query in enumerate(waiting):
                found[query] = _best_faces(hits, place, self._owners, persons_max)
            if (hits.rows[:, -1] == NO_ROW).all():
                break
            waiting = [query for query in waiting if len(found[query]) < persons_max]
            faces_max *= GROWTH
        return found

    def close(self) -> None:
        """Ends the searches to come; those in progress finish."""
        self._is_open = False

    def _forget(self, rows: Iterable[int]) -> None:
        for row in rows:
            del self._owners[row]


def _best_faces(
    hits: Hits, place: int, owners: Mapping[int, Owner], persons_max: int
) -> tuple[Candidate, ...]:
    """The first face of each person in one query's row of hits."""
    best: dict[str, Candidate] = {}
    pairs = zip(hits.similarities[place].tolist(), hits.rows[place].tolist(), strict=True)
    for similarity, row in pairs:
        owner = owners.get(row)
        if owner is None or owner.person_id in best:
            continue
        # Rounding may push the product of two unit rows a hair beyond 1.
        inside = max(-1.0, min(1.0, similarity))
        best[owner.person_id] = Candidate(owner.person_id, owner.face_id, inside)
        if len(best) == persons_max:
            break
    return tuple(best.values())
