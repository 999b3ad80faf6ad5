"""Thresholds from the gallery's own impostor scores: for a wanted FPIR (1:N) or FMR (1:1).

Each of a sample of people is searched for among all others. The best score of such a search is a
non-mated score: what somebody who is not enrolled would reach. The share of them at or above a
threshold is the FPIR (ISO/IEC 19795-1); the share of all single comparisons is the FMR.

Where at least `EXCEEDANCES_MIN` people lie above the wanted quantile, it is taken from the order
statistics; else from an exponential tail fitted to the upper scores. Intervals come from a
bootstrap over people, where a tail is needed with a generalised Pareto one as well.

Source: Hosking and Wallis 1987, "Parameter and quantile estimation for the generalized Pareto
distribution", Technometrics 29; Pickands 1975 for the tail.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, CalibrationUnsupported
from facenet_res.core.operating_point import OperatingPoint

PEOPLE_MIN = 20
"""Fewer people say too little about strangers."""
EXCEEDANCES_MIN = 20
DUPLICATE_CHANCE = 0.01
GENUINE_SHARE = 0.1
TAIL_SHARE = 0.25
"""Share of the non-mated scores that the tail is fitted to."""
SHAPE_MIN, SHAPE_MAX = -0.5, 0.1
SCALE_MIN = 1e-6
BOOTSTRAPS = 400
INTERVAL = (0.025, 0.975)
BINS = 20_000
"""Bins of the histogram of comparison scores, over [-1, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class ImpostorScores:
    """Scores of people who are searched for where they are not.

    Attributes:
        people: in the gallery, who have a face.
        faces: in the gallery.
        probes: int64[M], the person of each probe.
        best: float32[M], each probe's best score among all other people.
        histogram: int64[BINS], scores of single comparisons with people's best faces.
        genuine: float32[M], each probe's best score among the person's other faces; -inf where
            there is none.
        position: of the gallery's log.
        duplicates: people left out, because another is most likely the same.
    """

    people: int
    faces: int
    probes: NDArray[np.int64]
    best: NDArray[np.float32]
    histogram: NDArray[np.int64]
    genuine: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    position: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class _Tail:
    """P(score >= t) = share * (1 + shape (t - start) / scale)^(-1 / shape), for t >= start."""

    start: float
    share: float
    scale: float
    shape: float

    def quantile(self, rate: float) -> float:
        """The score that is reached with this probability, at most `share`."""
        ratio = self.share / rate
        if abs(self.shape) < 1e-6:
            return self.start + self.scale * math.log(ratio)
        return float(self.start + self.scale * (ratio**self.shape - 1) / self.shape)

    def rate(self, threshold: float) -> float:
        """The probability of a score of at least the threshold."""
        excess = max(0.0, threshold - self.start) / self.scale
        if abs(self.shape) < 1e-6:
            return self.share * math.exp(-excess)
        return float(self.share * max(0.0, 1 + self.shape * excess) ** (-1 / self.shape))


def without_duplicates(scores: ImpostorScores) -> ImpostorScores:
    """The scores without people who are enrolled twice: theirs are genuine.

    Such a score is so far above the others that an exponential tail has less than
    `DUPLICATE_CHANCE` to reach it even once, and where people have several faces, it is above the
    lowest tenth of genuine scores too. The scale of the tail comes from its median, which
    a few duplicates do not move much.
    """
    if len(scores.best) < PEOPLE_MIN:
        return scores
    # Faces of one person are one chance.
    people = len(np.unique(scores.probes))
    start, middle = np.quantile(scores.best, (1 - TAIL_SHARE, 1 - TAIL_SHARE / 2))
    scale = max(float(middle - start) / math.log(2), SCALE_MIN)
    least = float(start) + scale * math.log(TAIL_SHARE * people / DUPLICATE_CHANCE)
    genuine = scores.genuine[np.isfinite(scores.genuine)]
    if len(genuine) >= PEOPLE_MIN:
        least = max(least, float(np.quantile(genuine, GENUINE_SHARE)))
    kept = scores.best < least
    if kept.all():
        return scores
    histogram = scores.histogram.copy()
    histogram[np.arange(BINS) >= (min(least, 1.0) + 1) * (BINS / 2)] = 0
    return replace(
        scores,
        probes=scores.probes[kept],
        best=scores.best[kept],
        histogram=histogram,
        duplicates=len(np.unique(scores.probes[~kept])),
    )


def fpir_point(scores: ImpostorScores, fpir: float, people: int) -> OperatingPoint:
    """The threshold for a wanted FPIR.

    Args:
        scores: of the gallery, maybe when it was a little smaller or larger.
        fpir: share of people not enrolled who are named, in (0, 1).
        people: in the gallery now. A search has a chance with each, so the rate of the sample is
            scaled by the ratio.

    Raises:
        ArgumentInvalid: the rate is out of range.
        CalibrationUnsupported: the gallery has too few people.
    """
    if not 0 < fpir < 1:
        raise ArgumentInvalid(f"fpir is a share between 0 and 1, got {fpir}")
    if scores.people < PEOPLE_MIN:
        raise CalibrationUnsupported(
            f"the gallery has {scores.people} people; a threshold for an FPIR needs {PEOPLE_MIN}: "
            "enrol more, or give a threshold or an FMR"
        )
    # Each probe was compared with all but one of the people.
    rate = min(0.5, fpir * (scores.people - 1) / max(1, people))
    places = _by_person(scores.probes)
    is_extrapolated = rate * len(places) < EXCEEDANCES_MIN and rate < TAIL_SHARE
    threshold = _quantile(scores.best, rate, is_extrapolated)
    generator = np.random.default_rng(0)
    thresholds, rates = [], []
    for _ in range(BOOTSTRAPS):
        chosen = generator.integers(0, len(places), (len(places) + 1) // 2)
        # Two people who resemble each other share a score: half as many are independent.
        best = scores.best[np.concatenate([places[person] for person in chosen])]
        thresholds.append(_quantile(best, rate, is_extrapolated))
        rates += _rates(best, threshold, is_extrapolated)
    low, high = np.quantile(thresholds, INTERVAL)
    rate_low, rate_high = np.quantile(rates, INTERVAL) * (fpir / rate)
    return OperatingPoint(
        threshold=threshold,
        fpir=fpir,
        threshold_low=float(low),
        threshold_high=float(high),
        rate_low=float(rate_low),
        rate_high=min(1.0, float(rate_high)),
    )


def fmr_point(scores: ImpostorScores, fmr: float) -> OperatingPoint:
    """The threshold for a wanted FMR of one comparison with a person.

    Raises:
        ArgumentInvalid: the rate is out of range.
        CalibrationUnsupported: the gallery's people cannot support so small a rate.
    """
    if not 0 < fmr < 1:
        raise ArgumentInvalid(f"fmr is a share between 0 and 1, got {fmr}")
    probes = len(np.unique(scores.probes))
    # Pairs of two people count once, however many faces they have.
    pairs = probes * (scores.people - 1) / 2
    if pairs * fmr < EXCEEDANCES_MIN:
        raise CalibrationUnsupported(
            f"{pairs:.0f} pairs of people support an FMR of {EXCEEDANCES_MIN / max(1, pairs):.1e} "
            f"or more, got {fmr:.1e}"
        )
    above = np.cumsum(scores.histogram[::-1])
    total, expected = int(above[-1]), pairs * fmr
    spread = 1.96 * math.sqrt(expected) / pairs
    threshold, low, high = (
        _bin_edge(int(np.searchsorted(above, rate * total, side="right")))
        for rate in (fmr, fmr + spread, fmr - spread)
    )
    return OperatingPoint(
        threshold=threshold,
        fmr=fmr,
        threshold_low=low,
        threshold_high=high,
        rate_low=fmr - spread,
        rate_high=fmr + spread,
    )


def histogram_of(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many scores fall into each of the bins."""
    places = ((np.clip(scores, -1, 1) + 1) * (BINS / 2)).astype(np.int64)
    return np.bincount(np.minimum(places, BINS - 1).ravel(), minlength=BINS)


def _quantile(best: NDArray[np.float32], rate: float, is_extrapolated: bool) -> float:
    """The score that non-mated probes reach with a probability."""
    if is_extrapolated:
        # With so few people a tail that ends sooner is not to be relied on.
        return min(1.0, _fit(best, is_exponential=True).quantile(rate))
    return float(np.quantile(best, 1 - rate))


def _rates(best: NDArray[np.float32], threshold: float, is_extrapolated: bool) -> list[float]:
    """The share of non-mated probes at or above a threshold, by each tail that is possible."""
    tails = [_fit(best, is_exponential=one) for one in (True, False)]
    if is_extrapolated and threshold >= tails[0].start:
        return [tail.rate(threshold) for tail in tails]
    return [float((best >= threshold).mean())]


def _fit(best: NDArray[np.float32], *, is_exponential: bool) -> _Tail:
    """The tail of the scores by probability weighted moments."""
    start = float(np.quantile(best, 1 - TAIL_SHARE))
    excess = np.sort(best[best > start].astype(np.float64) - start)
    if len(excess) < 2:
        return _Tail(start, TAIL_SHARE, SCALE_MIN, 0.0)
    ranks = (np.arange(1, len(excess) + 1) - 0.35) / len(excess)
    first, second = float(excess.mean()), float((excess * (1 - ranks)).mean())
    shape = 2 - first / max(first - 2 * second, 1e-9)
    shape = 0.0 if is_exponential else min(max(shape, SHAPE_MIN), SHAPE_MAX)
    # The mean of the distribution is scale / (1 - shape).
    return _Tail(start, len(excess) / len(best), max(first * (1 - shape), SCALE_MIN), shape)


def _by_person(probes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The places of each person's probes."""
    order = np.argsort(probes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(probes[order])) + 1)


def _bin_edge(bins_above: int) -> float:
    """The lower edge of the last of so many bins, counted from the top."""
    return max(-1.0, 1 - 2 * bins_above / BINS)
