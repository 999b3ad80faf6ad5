"""Brute force in numpy: the reference that every other index is measured against."""

import threading

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Embeddings
from facenet_res.gallery.index import NO_ROW, Hits


class ExactIndex:
    """All faces in one array that is never changed, only replaced.

    A search works on the array it took hold of, so it needs no lock; every change copies it,
    which suits tests and small galleries.
    """

    def __init__(self, embedding_dim: int) -> None:
        self._changing = threading.Lock()
        self._faces = (np.empty(0, np.int64), np.empty((0, embedding_dim), np.float32))

    @property
    def size(self) -> int:
        """How many faces it holds."""
        return len(self._faces[0])

    def add(self, rows: NDArray[np.int64], embeddings: Embeddings) -> None:
        """Adds faces: int64[B] and float32[B, D]."""
        with self._changing:
            known_rows, known = self._faces
            self._faces = (np.concatenate([known_rows, rows]), np.concatenate([known, embeddings]))

    def remove(self, rows: NDArray[np.int64]) -> int:
        """Removes the faces of these numbers, and says how many of them were there."""
        with self._changing:
            known_rows, known = self._faces
            kept = ~np.isin(known_rows, rows)
            self._faces = (known_rows[kept], known[kept])
            return int(len(kept) - kept.sum())

    def search(self, queries: Embeddings, faces_max: int) -> Hits:
        """The faces_max closest faces of each query, in order; ties by the older face."""
        known_rows, known = self._faces
        cosines = queries @ known.T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :faces_max]
        missing = ((0, 0), (0, faces_max - order.shape[1]))
        return Hits(
            np.pad(np.take_along_axis(cosines, order, axis=1), missing, constant_values=-np.inf),
            np.pad(known_rows[order], missing, constant_values=NO_ROW),
        )
