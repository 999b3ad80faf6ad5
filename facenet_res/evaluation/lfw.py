"""Pairs of photographs, such as LFW's 6,000: found, embedded, judged."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from facenet_res.core.arrays import check_embeddings, cosine
from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, FileMissing
from facenet_res.data.pairs import PairSet
from facenet_res.evaluation.bootstrap import DrawnUnits, people_or_pairs
from facenet_res.evaluation.photographs import EmbeddedPhotographs
from facenet_res.evaluation.verification_report import (
    Measured,
    ScoredPairSet,
    VerificationReport,
    judge_scores,
)

MISSING_NAMED_MAX = 3


def located(pairs: PairSet, names: Sequence[str]) -> tuple[str, ...]:
    """Where each photograph of the pairs stands in a source: its name there, in their order.

    The source may hold the people's folders inside other folders, as LFW's own archive does.

    Raises:
        FileMissing: some are not there; the message counts them and names the first.
    """
    by_end = {"/".join(PurePosixPath(name).parts[-2:]): name for name in names}
    missing = [photo for photo in pairs.images if photo not in by_end]
    if missing:
        raise FileMissing(
            f"{len(missing)} of {len(pairs.images)} photographs of the pairs are missing: "
            f"{', '.join(missing[:MISSING_NAMED_MAX])}"
            f"{', ...' if len(missing) > MISSING_NAMED_MAX else ''}"
        )
    return tuple(by_end[photo] for photo in pairs.images)


def thinned(pairs: PairSet, pairs_max: int) -> PairSet:
    """Every second, third, ... pair, so that at most so many are left; all of them for 0.

    Raises:
        ArgumentInvalid: the number is negative.
    """
    if pairs_max < 0:
        raise ArgumentInvalid(f"pairs_max must be at least 0 (all), got {pairs_max}")
    if not 0 < pairs_max < len(pairs):
        return pairs
    return every(pairs, -(-len(pairs) // pairs_max))


def every(pairs: PairSet, step: int) -> PairSet:
    """Each `step`-th pair, from the first on, with the photographs that these need."""
    first, second = pairs.first[::step], pairs.second[::step]
    kept, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    return PairSet(
        images=tuple(pairs.images[number] for number in kept.tolist()),
        first=places[: len(first)],
        second=places[len(first) :],
        is_same=pairs.is_same[::step],
        folds=pairs.folds[::step],
    )


def judge_pairs(
    pairs: PairSet,
    photographs: EmbeddedPhotographs,
    model_id: str,
    units: DrawnUnits | None = None,
) -> VerificationReport:
    """The figures of embedded photographs.

    Args:
        pairs: the labelled pairs; one fold only means that no accuracy by folds is given.
        photographs: in the order of `pairs.images`.
        model_id: names the weights in the report.
        units: what the intervals draw anew; the people after whom the photographs' folders are
            named, where None.

    Raises:
        ArrayInvalid: an embedding is not finite or not of unit length, or their number differs
            from that of the photographs.
        DataInvalid: the pairs lack a kind.
    """
    if len(photographs.embeddings) != len(pairs.images):
        raise ArrayInvalid(
            f"{len(pairs.images)} photographs need as many embeddings; "
            f"got {len(photographs.embeddings)}"
        )
    rows = check_embeddings(photographs.embeddings, photographs.embeddings.shape[-1])
    has_folds = len(np.unique(pairs.folds)) > 1
    scored = ScoredPairSet(
        similarities=cosine(rows[pairs.first], rows[pairs.second]),
        is_same=pairs.is_same,
        units=units or people_units(pairs),
        folds=pairs.folds if has_folds else (),
    )
    measured = Measured(
        model_id=model_id,
        photographs=len(pairs.images),
        without_face=photographs.without_face,
        with_several_faces=photographs.with_several_faces,
    )
    return judge_scores(scored, measured)


def people_units(pairs: PairSet) -> DrawnUnits:
    """The people on the pairs, by the folders of their photographs; the pairs, if too few."""
    people: Any = np.array([PurePosixPath(photo).parent.name for photo in pairs.images])
    return people_or_pairs(people[pairs.first], people[pairs.second])
