"""What every embedding network looks like to the rest of the house."""

from typing import Protocol

from facenet_res.core.types import Embeddings, Faces


class Embedder(Protocol):
    """Aligned faces to unit embeddings. Safe to call from several threads."""

    @property
    def model_id(self) -> str:
        """Names the exact weights; embeddings of different ids are never compared."""
        ...

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""
        ...

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], rows of unit length.

        Raises:
            ArrayInvalid: the batch has the wrong shape or type, or is empty.
        """
        ...
