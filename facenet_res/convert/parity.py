"""Whether an import returns the embeddings of its source."""

import numpy as np

from facenet_res.core.arrays import cosine
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.types import Embeddings

SIMILARITY_MIN = 0.99999


def check_source_parity(source: Embeddings, imported: Embeddings, origin: str) -> float:
    """Compares the embeddings of the same faces, one by one.

    Args:
        source: float32[B, D], unit rows, by the source itself.
        imported: the same by the model that is about to be written.
        origin: the source's name, for the message.

    Returns:
        The lowest cosine.

    Raises:
        ArtifactInvalid: it is below 0.99999, or the two are not of one length.
    """
    if source.shape != imported.shape:
        raise ArtifactInvalid(
            f"{origin} returns embeddings of shape {source.shape}, the import {imported.shape}"
        )
    lowest = float(np.min(cosine(source, imported)))
    if not lowest >= SIMILARITY_MIN:
        raise ArtifactInvalid(
            f"the import returns other embeddings than {origin}: lowest cosine {lowest:.6f}, "
            f"limit is {SIMILARITY_MIN}; nothing was written"
        )
    return lowest
