"""Labeled Faces in the Wild: 6,000 pairs of photographs, ten folds, one figure to compare by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from facenet_res.core.arrays import cosine
from facenet_res.core.errors import FileMissing
from facenet_res.data.pairs import PairSet
from facenet_res.evaluation.intervals import Interval, clopper_pearson, least_rate
from facenet_res.evaluation.photographs import EmbeddedPhotographs
from facenet_res.evaluation.roc import (
    Roc,
    area_under_curve,
    equal_error_rate,
    roc,
    tar_at_far,
)
from facenet_res.evaluation.verification import KFoldAccuracy, kfold_accuracy

RATES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
MISSING_NAMED_MAX = 3


@dataclass(frozen=True, slots=True)
class TarAtFar:
    """Share of genuine pairs accepted at a rate of false accepts.

    Attributes:
        false_accept_rate: the rate asked for; `measured_rate` stays within it.
        measured_rate: share of impostor pairs accepted at the threshold.
        true_accept_rate: share of genuine pairs accepted.
        interval: 95 % Clopper-Pearson interval of that share, the threshold being given.
        threshold: the least similarity accepted.
    """

    false_accept_rate: float
    measured_rate: float
    true_accept_rate: float
    interval: Interval
    threshold: float


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """How well pairs of photographs are told apart.

    Attributes:
        model_id: the weights.
        pairs: labelled pairs judged.
        photographs: different photographs in them.
        without_face: photographs without a detected face, judged by the middle of the picture.
        with_several_faces: photographs with more than one face, of which the subject was taken.
        accuracy: by folds, with its standard error.
        equal_error_rate: where false accepts equal false rejects.
        area_under_curve: of the ROC.
        tar_at_far: for the rates that the pairs support.
        least_rate: the smallest rate of false accepts that they support.
    """

    model_id: str
    pairs: int
    photographs: int
    without_face: tuple[str, ...]
    with_several_faces: int
    accuracy: KFoldAccuracy
    equal_error_rate: float
    area_under_curve: float
    tar_at_far: tuple[TarAtFar, ...]
    least_rate: float


def located(pairs: PairSet, names: Sequence[str]) -> tuple[str, ...]:
    """Where each photograph of the pairs stands in a source: its name there, in their order.

    The source may hold the people's folders inside other folders, as LFW's own archive does.

    Raises:
        FileMissing: some are not there; the message counts them and names the first.
    """
    by_end = {"/".join(PurePosixPath(name).parts[-2:]): name for name in names}
    missing = [photo for photo in pairs.photos if photo not in by_end]
    if missing:
        raise FileMissing(
            f"{len(missing)} of {len(pairs.photos)} photographs of the pairs are missing: "
            f"{', '.join(missing[:MISSING_NAMED_MAX])}"
            f"{', ...' if len(missing) > MISSING_NAMED_MAX else ''}"
        )
    return tuple(by_end[photo] for photo in pairs.photos)


def judge_pairs(
    pairs: PairSet, photographs: EmbeddedPhotographs, model_id: str
) -> VerificationReport:
    """The figures of embedded photographs.

    Args:
        pairs: the labelled pairs.
        photographs: in the order of `pairs.photos`.
        model_id: names the weights in the report.

    Raises:
        DataInvalid: the pairs lack a kind or have one fold only.
    """
    rows = photographs.embeddings
    similarities = cosine(rows[pairs.first], rows[pairs.second])
    curve = roc(similarities, pairs.is_same)
    least = least_rate(curve.impostor_count)
    return VerificationReport(
        model_id=model_id,
        pairs=len(pairs),
        photographs=len(pairs.photos),
        without_face=photographs.without_face,
        with_several_faces=photographs.with_several_faces,
        accuracy=kfold_accuracy(similarities, pairs.is_same, pairs.folds),
        equal_error_rate=equal_error_rate(curve),
        area_under_curve=area_under_curve(curve),
        tar_at_far=tuple(_tar(curve, rate) for rate in RATES if rate >= least * (1 - 1e-9)),
        least_rate=least,
    )


def _tar(curve: Roc, rate: float) -> TarAtFar:
    point = tar_at_far(curve, rate)
    accepted = round(point.true_accept_rate * curve.genuine_count)
    return TarAtFar(
        false_accept_rate=rate,
        measured_rate=point.false_accept_rate,
        true_accept_rate=point.true_accept_rate,
        interval=clopper_pearson(accepted, curve.genuine_count),
        threshold=point.threshold,
    )
