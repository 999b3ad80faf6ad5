"""A backend and its manifest as an Embedder: unit rows, any batch size, optional flip."""

from collections.abc import Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_faces, unit_norm
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArtifactInvalid, InputError, ShuttingDown
from facenet_res.core.manifest import Manifest
from facenet_res.core.types import Embeddings, Faces
from facenet_res.inference.backend import Backend

Outcome = NDArray[np.float32] | InputError
"""An embedding, or what is wrong with this one face."""


class BackendEmbedder:
    """Aligned faces to unit embeddings; a context manager that closes the backend.

    With `flip`, or where the manifest says `is_mirrored`, the embedding is that of
    f(x) + f(mirrored x): steadier, at twice the cost. It is how LFW figures are published.
    """

    def __init__(self, backend: Backend, manifest: Manifest, *, flip: bool = False) -> None:
        if backend.embedding_dim != manifest.embedding_dim:
            raise ArtifactInvalid(
                f"the network returns {backend.embedding_dim} values a face, "
                f"the manifest says {manifest.embedding_dim}"
            )
        self._backend = backend
        self._manifest = manifest
        self._flip = flip or manifest.is_mirrored
        self._is_closed = False

    @property
    def model_id(self) -> str:
        """Names the exact weights."""
        return self._manifest.model_id

    @property
    def embedding_dim(self) -> int:
        """Length of an embedding."""
        return self._manifest.embedding_dim

    @property
    def manifest(self) -> Manifest:
        """What the model declares: thresholds, licence, how it was trained."""
        return self._manifest

    @property
    def description(self) -> str:
        """What runs the network, for logs."""
        return self._backend.description + (", flip" if self._flip else "")

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] RGB -> float32[B, D], rows of unit length.

        Raises:
            ArrayInvalid: the batch has the wrong shape or type or is empty, or the network
                returned a value that is not finite.
            ShuttingDown: it was closed.
        """
        checked = check_faces(faces)
        if self._is_closed:
            raise ShuttingDown("the recognizer was closed; open another one")
        vectors = self._forward(checked)
        if self._flip:
            vectors = vectors + self._forward(np.ascontiguousarray(checked[:, :, ::-1]))
        return unit_norm(vectors)

    def close(self) -> None:
        """Closes the backend; what is embedded afterwards raises ShuttingDown."""
        self._is_closed = True
        self._backend.close()

    def __enter__(self) -> "BackendEmbedder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _forward(self, faces: Faces) -> NDArray[np.float32]:
        size = self._backend.batch_max
        parts = [
            self._backend.forward(faces[start : start + size])
            for start in range(0, len(faces), size)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def embed_rows(embedder: Embedder, rows: Sequence[NDArray[np.uint8]]) -> list[Outcome]:
    """Embeds faces of several callers in one call.

    A face for which the network returns no embedding (a value that is not finite) fails alone: the
    batch is halved until that face is found, so that one bad face costs 2 log2(B) further calls
    and no other caller's answer.

    Args:
        embedder: what computes.
        rows: B faces of uint8[112, 112, 3].

    Returns:
        B outcomes, in the order of the rows.

    Raises:
        Exception: whatever else the engine raises; it holds for all rows.
    """
    # Copied here and not in the event loop's thread.
    return _outcomes(embedder, np.stack(rows))


def _outcomes(embedder: Embedder, faces: Faces) -> list[Outcome]:
    try:
        embeddings = embedder.embed(faces)
    except InputError as error:
        if len(faces) == 1:
            return [error]
        half = len(faces) // 2
        return _outcomes(embedder, faces[:half]) + _outcomes(embedder, faces[half:])
    wanted = (len(faces), embedder.embedding_dim)
    if embeddings.shape != wanted:
        raise AssertionError(f"the embedder returned {embeddings.shape}, wanted {wanted}")
    return list(embeddings)
