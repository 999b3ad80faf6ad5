"""What a search index over embeddings must do: a cache of the store, never the truth."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Embeddings

NO_ROW = -1
"""Fills the places of an answer for which there is no face."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The closest faces of each query, best first.

    Attributes:
        similarities: float32[B, K], cosine; meaningless where the row is NO_ROW.
        rows: int64[B, K], the rows' numbers; NO_ROW from where the index has no more.
    """

    similarities: NDArray[np.float32]
    rows: NDArray[np.int64]


class Index(Protocol):
    """Unit embeddings by number. Safe to search and change from several threads.

    A search sees all of an `add` or `remove`, or nothing of it.
    """

    @property
    def size(self) -> int:
        """How many faces it holds."""
        ...

    def add(self, rows: NDArray[np.int64], embeddings: Embeddings) -> None:
        """Adds faces.

        Args:
            rows: int64[B], numbers >= 0 that are not in the index.
            embeddings: float32[B, D], of unit length.
        """
        ...

    def remove(self, rows: NDArray[np.int64]) -> int:
        """Removes the faces of these numbers, and says how many of them were there."""
        ...

    def search(self, queries: Embeddings, faces_max: int) -> Hits:
        """The faces_max faces of the greatest cosine to each query.

        Args:
            queries: float32[B, D], of unit length.
            faces_max: K >= 1; may exceed the size.
        """
        ...
