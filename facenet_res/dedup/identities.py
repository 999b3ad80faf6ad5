"""Identity duplicates: two enrolled identities that are one person, the most similar first.

An identity is a folder of images, a person of a gallery, or anything else that owns faces. Each is
one template, the mean of its faces. Templates are compared by the same index as faces; with a few
thousand of them that is the exhaustive comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.dedup.candidates import EXACT_MAX
from facenet_res.dedup.people import near_pairs


@dataclass(frozen=True, slots=True)
class IdentityPair:
    """Two identities that look like one person.

    Attributes:
        first: its name.
        second: its name.
        similarity: cosine of their templates, in [-1, 1].
        first_row: row of the first's face that is closest to the second.
        second_row: row of the second's face that is closest to the first.
        face_similarity: cosine of these two faces.
    """

    first: str
    second: str
    similarity: float
    first_row: int
    second_row: int
    face_similarity: float


def identity_duplicates(
    owners: Sequence[str],
    embeddings: NDArray[np.float16],
    similarity_min: float,
    exact_max: int = EXACT_MAX,
) -> list[IdentityPair]:
    """Pairs of identities whose templates reach a similarity.

    Args:
        owners: K names, whose each face is.
        embeddings: float16[K, D], unit rows.
        similarity_min: least cosine of two templates, in [-1, 1].
        exact_max: most identities that are compared exhaustively.

    Returns:
        By falling similarity; each identity with its 32 nearest at most.

    Raises:
        ArgumentInvalid: there are not as many owners as faces.
    """
    if len(owners) != len(embeddings):
        raise ArgumentInvalid(f"{len(owners)} owners for {len(embeddings)} faces")
    if not len(owners):
        return []
    names, of_face = np.unique(np.array(owners, object), return_inverse=True)
    faces = embeddings.astype(np.float32)
    sums = np.zeros((len(names), faces.shape[1]), np.float32)
    np.add.at(sums, of_face, faces)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    pairs = near_pairs((sums / lengths).astype(np.float16), similarity_min, exact_max)
    rows = np.split(np.argsort(of_face, kind="stable"), np.cumsum(np.bincount(of_face))[:-1])
    found = []
    columns = (pairs.firsts.tolist(), pairs.seconds.tolist(), pairs.similarities.tolist())
    for first, second, similarity in zip(*columns, strict=True):
        cosines = faces[rows[first]] @ faces[rows[second]].T
        a, b = np.unravel_index(int(cosines.argmax()), cosines.shape)
        found.append(
            IdentityPair(
                str(names[first]),
                str(names[second]),
                round(similarity, 4),
                int(rows[first][a]),
                int(rows[second][b]),
                round(float(cosines[a, b]), 4),
            )
        )
    return sorted(found, key=lambda each: (-each.similarity, each.first, each.second))
