"""Exact inner product search by FAISS: every face is compared, in C++ and in parallel."""

import faiss
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Embeddings
from facenet_res.gallery.index import Hits
from facenet_res.gallery.readers_writer import ReadersWriter


class FaissIndex:
    """`IndexFlatIP` behind an `IndexIDMap`, which gives the faces our own numbers.

    FAISS allows many searches at once, but none during a change: a readers-writer lock keeps to
    that. Removing moves every later face up, so it costs O(N), as a search does.
    """

    def __init__(self, embedding_dim: int) -> None:
        self._lock = ReadersWriter()
        self._index = faiss.IndexIDMap(faiss.IndexFlatIP(embedding_dim))

    @property
    def size(self) -> int:
        """How many faces it holds."""
        return int(self._index.ntotal)

    def add(self, rows: NDArray[np.int64], embeddings: Embeddings) -> None:
        """Adds faces: int64[B] and float32[B, D]."""
        with self._lock.writing():
            self._index.add_with_ids(embeddings, rows)

    def remove(self, rows: NDArray[np.int64]) -> int:
        """Removes the faces of these numbers, and says how many of them were there."""
        with self._lock.writing():
            return int(self._index.remove_ids(faiss.IDSelectorBatch(rows)))

    def search(self, queries: Embeddings, faces_max: int) -> Hits:
        """The faces_max closest faces of each query, in order; ties in any order."""
        with self._lock.reading():
            similarities, rows = self._index.search(queries, faces_max)
        return Hits(similarities, rows)
