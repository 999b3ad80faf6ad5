"""How well "who is this?" is answered: rank-1, CMC, and TPIR at FPIR.

A query that shows somebody of the gallery is *mated*; a query of somebody who
was never enrolled is *unmated* and should be answered "unknown".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.core.types import Embeddings

UNKNOWN = -1
"""Stands for the person of an unmated query."""


@dataclass(frozen=True, slots=True)
class OpenSetPoint:
    """What one threshold gives when some queries show non-enrolled people.

    Attributes:
        threshold: the least similarity answered with a name.
        false_positive_rate: share of unmated queries answered with a name (FPIR).
        true_positive_rate: share of mated queries answered with the right name (TPIR).
    """

    threshold: float
    false_positive_rate: float
    true_positive_rate: float


def person_similarities(
    queries: Embeddings, gallery: Embeddings, gallery_people: Any
) -> NDArray[np.float32]:
    """Each query against each person: the similarity of the person's closest face.

    Args:
        queries: float32[Q, D], unit rows.
        gallery: float32[N, D], unit rows.
        gallery_people: int[N], the person of each row, 0 to P - 1, each of them at least once.

    Returns:
        float32[Q, P].

    Raises:
        ArrayInvalid: the lengths differ.
        DataInvalid: a person has no face.
    """
    person = np.asarray(gallery_people)
    if person.shape != (len(gallery),):
        raise ArrayInvalid(f"gallery_people is int[{len(gallery)}]; got shape {person.shape}")
    faces = np.bincount(person)
    if len(faces) == 0 or not faces.all():
        raise DataInvalid("every person of the gallery needs at least one face")
    order = np.argsort(person, kind="stable")
    starts = np.concatenate([[0], np.cumsum(faces)[:-1]])
    best: NDArray[np.float32] = np.maximum.reduceat(queries @ gallery[order].T, starts, axis=1)
    return best


def ranks(similarities: NDArray[Any], people: Any) -> NDArray[np.int64]:
    """The place of the right person for each mated query, 1 being the best.

    Somebody else who is equally close stands before the right person: a tie is no success.

    Args:
        similarities: float[Q, P].
        people: int[Q], the right person, or UNKNOWN.

    Returns:
        int64[M], for the mated queries in their order.

    Raises:
        ArrayInvalid: the lengths differ, or a person is not in the gallery.
    """
    person = _checked_people(similarities, people)
    mated = similarities[person != UNKNOWN]
    own = mated[np.arange(len(mated)), person[person != UNKNOWN]]
    # The right person is counted too (equal to themselves), which makes the best rank 1.
    return np.asarray((mated >= own[:, None]).sum(axis=1), dtype=np.int64)


def cumulative_match(rank: NDArray[np.int64], rank_max: int) -> NDArray[np.float64]:
    """Share of mated queries whose right person stands at rank 1, 2, ... or before: the CMC.

    Args:
        rank: int64[M], from `ranks`.
        rank_max: the last rank of the curve, at least 1.

    Returns:
        float64[rank_max], never falling; its first value is the rank-1 rate.

    Raises:
        ArgumentInvalid: rank_max is below 1.
        DataInvalid: there is no mated query.
    """
    if rank_max < 1:
        raise ArgumentInvalid(f"rank_max must be at least 1, got {rank_max}")
    if len(rank) == 0:
        raise DataInvalid("no query shows anybody of the gallery")
    counts = np.bincount(np.minimum(rank, rank_max + 1), minlength=rank_max + 2)
    return np.cumsum(counts[1 : rank_max + 1]) / len(rank)


def tpir_at_fpir(
    similarities: NDArray[Any], people: Any, false_positive_rate: float
) -> OpenSetPoint:
    """The laxest threshold that names at most the asked share of non-enrolled people.

    Args:
        similarities: float[Q, P].
        people: int[Q], the right person, or UNKNOWN.
        false_positive_rate: in [0, 1].

    Raises:
        ArgumentInvalid: the rate is out of range.
        ArrayInvalid: the lengths differ, or a person is not in the gallery.
        DataInvalid: there is no mated or no unmated query.
    """
    person = _checked_people(similarities, people)
    is_right = np.zeros(len(person), np.bool_)
    is_right[person != UNKNOWN] = ranks(similarities, person) == 1
    best = similarities.max(axis=1)
    return open_set_point(best, is_right, person != UNKNOWN, false_positive_rate)


def open_set_point(
    best: Any, is_right: Any, is_mated: Any, false_positive_rate: float
) -> OpenSetPoint:
    """The same from each query's best candidate alone.

    Args:
        best: float[Q], similarity of the closest person.
        is_right: bool[Q], whether that person is the one the query shows.
        is_mated: bool[Q], whether the query shows anybody of the gallery.
        false_positive_rate: in [0, 1].

    Raises:
        ArgumentInvalid: the rate is out of range.
        DataInvalid: there is no mated or no unmated query.
    """
    if not 0.0 <= false_positive_rate <= 1.0:
        raise ArgumentInvalid(f"false_positive_rate must be in [0, 1], got {false_positive_rate}")
    scores, right, mated = np.asarray(best, np.float64), np.asarray(is_right), np.asarray(is_mated)
    if mated.all() or not mated.any():
        raise DataInvalid(
            f"mated and unmated queries are both needed; got {int(mated.sum())} "
            f"and {int((~mated).sum())}"
        )
    non_enrolled = np.sort(scores[~mated])[::-1]
    allowed = int(false_positive_rate * len(non_enrolled) + 1e-9)
    threshold = (
        float(np.nextafter(non_enrolled[allowed], np.inf))
        if allowed < len(non_enrolled)
        else -np.inf
    )
    return OpenSetPoint(
        threshold=threshold,
        false_positive_rate=float((non_enrolled >= threshold).mean()),
        true_positive_rate=float(((scores >= threshold) & right)[mated].mean()),
    )


def _checked_people(similarities: NDArray[Any], people: Any) -> NDArray[np.int64]:
    person = np.asarray(people, dtype=np.int64)
    if similarities.ndim != 2 or person.shape != (len(similarities),):
        raise ArrayInvalid(
            f"similarities are float[Q, P] and people int[Q]; got {similarities.shape} "
            f"and {person.shape}"
        )
    if len(person) and not (person.min() >= UNKNOWN and person.max() < similarities.shape[1]):
        raise ArrayInvalid(f"people are -1 to {similarities.shape[1] - 1}; got {person.max()}")
    return person
