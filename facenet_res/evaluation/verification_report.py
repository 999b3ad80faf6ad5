"""All figures of labelled pairs: accuracy, rates of error with intervals, curves, histograms."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.evaluation.bootstrap import (
    BootstrapConfig,
    DrawnUnits,
    Unit,
    true_accept_intervals,
)
from facenet_res.evaluation.intervals import (
    Interval,
    clopper_pearson,
    least_rate,
    pairs_needed,
    supports,
    widest,
)
from facenet_res.evaluation.roc import (
    Roc,
    area_under_curve,
    check_pairs,
    equal_error_rate,
    roc,
    tar_at_far,
)
from facenet_res.evaluation.verification import KFoldAccuracy, kfold_accuracy

RATES: Final = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
CURVE_POINTS: Final = 100
BINS: Final = 80


@dataclass(frozen=True, slots=True)
class TarAtFar:
    """Share of genuine pairs accepted at a FMR.

    Attributes:
        fmr: the rate asked for; `measured_rate` stays within it.
        measured_rate: share of impostor pairs accepted at the threshold.
        true_accept_rate: share of genuine pairs accepted.
        interval: 95 %, the wider at each end of the two below.
        bootstrap: 95 % interval by drawing people, templates or pairs anew, with a threshold
            chosen anew in each round.
        binomial: 95 % Clopper-Pearson interval, the threshold being given and pairs independent.
        threshold: the least similarity accepted.
    """

    fmr: float
    measured_rate: float
    true_accept_rate: float
    interval: Interval
    bootstrap: Interval
    binomial: Interval
    threshold: float


@dataclass(frozen=True, slots=True)
class RefusedRate:
    """A rate for which no figure is given, since there is too little to measure it on.

    Attributes:
        rate: of false matches, or of false positives.
        needed: impostor pairs, or queries of non-enrolled people, that it needs: 3 / rate.
        found: how many there are.
    """

    rate: float
    needed: int
    found: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of the ROC, and, with 1 minus its second value, of the DET curve.

    Attributes:
        fmr: the rate allowed.
        true_accept_rate: the share of genuine pairs accepted within it.
        interval: its 95 % interval by the bootstrap.
    """

    fmr: float
    true_accept_rate: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in each of some bins of one width.

    Attributes:
        edges: N + 1 similarities, rising.
        genuine: N counts: pairs of one person, or queries of people enrolled.
        impostor: N counts: pairs of two persons, or queries of non-enrolled people.
    """

    edges: tuple[float, ...]
    genuine: tuple[int, ...]
    impostor: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScoredPairSet:
    """Pairs, their similarities and the answers.

    Attributes:
        similarities: float[P], greater is closer.
        is_same: bool[P].
        units: what the intervals draw anew.
        folds: int[P]; of length 0 where accuracy by folds is not asked for.
    """

    similarities: Any
    is_same: Any
    units: DrawnUnits
    folds: Any = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the similarities were measured with, and on.

    Attributes:
        model_id: the weights; "" where the similarities came from elsewhere.
        images: different images in the pairs; 0 where there were none.
        without_face: images without a detected face, judged by the middle of the image.
        with_several_faces: images with more than one face, of which the subject was taken.
    """

    model_id: str = ""
    images: int = 0
    without_face: tuple[str, ...] = ()
    with_several_faces: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """How well pairs are told apart.

    Attributes:
        model_id: see `Measured`, as are the next three.
        images: different images.
        without_face: those without a face.
        with_several_faces: those with several.
        pairs: labelled pairs judged.
        genuine_pairs: those of one person.
        impostor_pairs: those of two.
        accuracy: by folds, with its standard error; None where there are no folds.
        equal_error_rate: where false matches equal false non-matches.
        area_under_curve: of the ROC.
        tar_at_far: for the rates that the pairs support.
        refused: the other rates, and what they need.
        least_rate: the smallest FMR that the pairs support.
        drawn: what the bootstrap drew: "person", "template" or "pair".
        drawn_count: how many of them there are.
        rounds: of the bootstrap.
        curve: points of the ROC from the least rate to 1.
        histogram: of the similarities.
    """

    model_id: str
    images: int
    without_face: tuple[str, ...]
    with_several_faces: int
    pairs: int
    genuine_pairs: int
    impostor_pairs: int
    accuracy: KFoldAccuracy | None
    equal_error_rate: float
    area_under_curve: float
    tar_at_far: tuple[TarAtFar, ...]
    refused: tuple[RefusedRate, ...]
    least_rate: float
    drawn: Unit
    drawn_count: int
    rounds: int
    curve: tuple[CurvePoint, ...] = field(repr=False)
    histogram: Histogram = field(repr=False)


def judge_scores(
    scored: ScoredPairSet, measured: Measured, config: BootstrapConfig | None = None
) -> VerificationReport:
    """The figures of pairs whose similarities are known.

    FMR that the impostor pairs cannot support are refused: below 3 / pairs,
    even no false match at all would not show that the rate is kept.

    Raises:
        ArrayInvalid: shapes differ, or a similarity is not finite.
        DataInvalid: a kind of pair is missing, or there are folds and only one of them.
    """
    config = config or BootstrapConfig()
    scores, same = check_pairs(scored.similarities, scored.is_same)
    curve = roc(scores, same)
    impostors = curve.impostor_count
    supported = [rate for rate in RATES if supports(impostors, rate)]
    least = min(1.0, least_rate(impostors))
    grid = np.geomspace(least, 1.0, CURVE_POINTS)
    rates = np.concatenate([supported, grid])
    intervals = true_accept_intervals(scores, same, scored.units, rates, config)
    return VerificationReport(
        model_id=measured.model_id,
        images=measured.images,
        without_face=measured.without_face,
        with_several_faces=measured.with_several_faces,
        pairs=len(scores),
        genuine_pairs=curve.genuine_count,
        impostor_pairs=impostors,
        accuracy=kfold_accuracy(scores, same, scored.folds) if len(scored.folds) else None,
        equal_error_rate=equal_error_rate(curve),
        area_under_curve=area_under_curve(curve),
        tar_at_far=tuple(
            _tar(curve, rate, interval)
            for rate, interval in zip(supported, intervals[: len(supported)], strict=True)
        ),
        refused=refused_rates(RATES, impostors),
        least_rate=least_rate(impostors),
        drawn=scored.units.unit,
        drawn_count=scored.units.count,
        rounds=config.rounds,
        curve=tuple(
            CurvePoint(float(rate), tar_at_far(curve, min(1.0, rate)).true_accept_rate, interval)
            for rate, interval in zip(grid, intervals[len(supported) :], strict=True)
        ),
        histogram=histogram(scores[same], scores[~same]),
    )


def refused_rates(rates: tuple[float, ...], found: int) -> tuple[RefusedRate, ...]:
    """Those of the rates that so many impostors do not support, and what each needs."""
    return tuple(
        RefusedRate(rate, pairs_needed(rate), found) for rate in rates if not supports(found, rate)
    )


def histogram(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> Histogram:
    """Counts in bins over the range of both.

    Raises:
        ArgumentInvalid: there is no value at all.
    """
    if len(genuine) + len(impostor) == 0:
        raise ArgumentInvalid("a histogram needs at least one value, got 0")
    everything = np.concatenate([genuine, impostor])
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    return Histogram(
        edges=tuple(edges.tolist()),
        genuine=tuple(np.histogram(genuine, edges)[0].tolist()),
        impostor=tuple(np.histogram(impostor, edges)[0].tolist()),
    )


def _tar(curve: Roc, rate: float, bootstrap: Interval) -> TarAtFar:
    point = tar_at_far(curve, rate)
    accepted = round(point.true_accept_rate * curve.genuine_count)
    binomial = clopper_pearson(accepted, curve.genuine_count)
    return TarAtFar(
        fmr=rate,
        measured_rate=point.fmr,
        true_accept_rate=point.true_accept_rate,
        interval=widest(bootstrap, binomial),
        bootstrap=bootstrap,
        binomial=binomial,
        threshold=point.threshold,
    )
