"""An embedder whose answers say whose face they are of."""

import numpy as np

from facenet_res.core.types import Embeddings, Faces


def faces_of(caller: int, count: int) -> Faces:
    """Faces that carry the caller's number and their own in their first pixel."""
    faces = np.zeros((count, 112, 112, 3), np.uint8)
    faces[:, 0, 0, 0] = caller
    faces[:, 0, 0, 1], faces[:, 0, 0, 2] = np.divmod(np.arange(count), 256)
    return faces


def answer_to(caller: int, count: int) -> Embeddings:
    """What LabelEmbedder returns for `faces_of`."""
    return np.array([[caller, index] for index in range(count)], np.float32)


class LabelEmbedder:
    """Returns the numbers in a face's first pixel.

    Attributes:
        calls: the rows of each call so far.
        failing: numbers of the calls that raise, from 0.
    """

    model_id = "label"
    embedding_dim = 2

    def __init__(self) -> None:
        self.calls: list[list[tuple[int, int]]] = []
        self.failing: dict[int, Exception] = {}

    def embed(self, faces: Faces) -> Embeddings:
        pixels = faces[:, 0, 0].astype(int)
        rows = [(int(c), int(high * 256 + low)) for c, high, low in pixels]
        self.calls.append(rows)
        if error := self.failing.get(len(self.calls) - 1):
            raise error
        return np.array(rows, np.float32)
