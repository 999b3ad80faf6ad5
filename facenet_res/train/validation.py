"""The figure that every choice is made by: TAR at FAR 1e-3 on held-out identities."""

from collections.abc import Callable

import numpy as np

from facenet_res.core.types import Embeddings, Faces
from facenet_res.data.crops import CropSource
from facenet_res.evaluation.roc import roc, tar_at_far

BATCH = 64


def embed_crops(crops: CropSource, embed: Callable[[Faces], Embeddings]) -> Embeddings:
    """Embeds every crop, plain and unaugmented: float32[N, D]."""
    parts = []
    for start in range(0, len(crops), BATCH):
        numbers = range(start, min(start + BATCH, len(crops)))
        faces = np.stack([crops[number].decode() for number in numbers])
        parts.append(embed(faces))
    return np.concatenate(parts)


def judge(embeddings: Embeddings, identities: list[str], fmr: float) -> float:
    """The true accept rate at a rate of false accepts, over all pairs.

    Args:
        embeddings: float32[N, D], unit rows.
        identities: N names.
        fmr: share of impostor pairs allowed, in (0, 1).
    """
    rows, columns = np.triu_indices(len(embeddings), 1)
    similarities = (embeddings @ embeddings.T)[rows, columns]
    _, numbers = np.unique(identities, return_inverse=True)
    curve = roc(similarities, numbers[rows] == numbers[columns])
    return tar_at_far(curve, fmr).true_accept_rate
