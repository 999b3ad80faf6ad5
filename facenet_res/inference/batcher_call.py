"""One engine call, in a worker's thread: rows in, a row or an error out for each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import InputError
from facenet_res.core.types import Faces

Outcome = NDArray[np.float32] | InputError
"""An embedding, or what is wrong with this one face."""


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
