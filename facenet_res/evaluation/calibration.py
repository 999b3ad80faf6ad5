"""From the FMR one can bear to the threshold that keeps it.

The interval is of the threshold: the true one for that rate lies in it at the
stated confidence *if the pairs were independent*. Pairs that share a face are
not, so the interval is too narrow where few people make many pairs;
`people_bootstrap` draws whole people instead and is the honest one there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.core.manifest import Threshold
from facenet_res.core.types import Embeddings
from facenet_res.evaluation.intervals import Interval, clopper_pearson, least_rate

ROUNDS_MIN = 20
PEOPLE_MIN = 3
# Pairs kept for the draws, as a multiple of those that the rate allows: no draw needs more.
KEPT_TIMES = 16
KEPT_MIN = 1000
SEED = 0
CROPS_MAX = 6000
"""Of images to measure on: 18 million pairs, each of 50 bytes while people are drawn."""


@dataclass(frozen=True, slots=True)
class CalibratedThreshold:
    """A threshold and what is known of it.

    Attributes:
        fmr: the rate asked for.
        similarity: accept at and above it.
        similarity_low: lower end of the interval of the threshold.
        similarity_high: upper end.
        measured_rate: share of the given impostor pairs at or above `similarity`.
        measured_rate_interval: Clopper-Pearson interval of that share.
        impostor_pairs: how many pairs it was measured on.
    """

    fmr: float
    similarity: float
    similarity_low: float
    similarity_high: float
    measured_rate: float
    measured_rate_interval: Interval
    impostor_pairs: int

    def declared(self) -> Threshold:
        """What a manifest states of it."""
        return Threshold(self.fmr, self.similarity, self.similarity_low, self.similarity_high)


def calibrate(
    impostor_similarities: Any, fmr: float, confidence: float = 0.95
) -> CalibratedThreshold:
    """The least threshold that accepts at most the asked share of impostor pairs.

    Args:
        impostor_similarities: float[P], similarities of pairs of two persons.
        fmr: in (0, 1).
        confidence: of the intervals, in (0, 1).

    Raises:
        ArgumentInvalid: the rate is out of range, or so small that 3 / P pairs cannot support it.
        ArrayInvalid: the similarities are not a finite vector.
    """
    scores = _checked(impostor_similarities)
    check_rate(fmr, len(scores))
    similarity = _threshold(scores, fmr * len(scores))
    accepted = int((scores >= similarity).sum())
    # The ends of the rate, turned into thresholds: a higher rate allows a lower threshold.
    allowed = int(fmr * len(scores) + 1e-9)
    ends = clopper_pearson(allowed, len(scores), confidence)
    return CalibratedThreshold(
        fmr=fmr,
        similarity=similarity,
        similarity_low=_threshold(scores, ends.high * len(scores)),
        similarity_high=_threshold(scores, ends.low * len(scores)),
        measured_rate=accepted / len(scores),
        measured_rate_interval=clopper_pearson(accepted, len(scores), confidence),
        impostor_pairs=len(scores),
    )


def calibrate_on_people(
    embeddings: Embeddings, people: Any, rates: Sequence[float]
) -> list[CalibratedThreshold]:
    """The threshold for each rate, with the wider of two intervals.

    One interval takes the pairs as independent, the other draws whole people anew.

    Args:
        embeddings: float32[B, D], unit rows.
        people: [B], who each row shows.
        rates: of false matches, each in (0, 1).

    Returns:
        By falling rate.

    Raises:
        ArgumentInvalid: a rate is out of range.
        DataInvalid: fewer than 3 people, or too few for a rate; the message says how many lack.
    """
    check_people(people, rates)
    similarities = impostor_similarities(embeddings, people)
    found = []
    for rate in sorted(rates, reverse=True):
        one = calibrate(similarities, rate)
        drawn = people_bootstrap(embeddings, people, rate, np.random.default_rng(SEED))
        low, high = min(one.similarity_low, drawn.low), max(one.similarity_high, drawn.high)
        found.append(replace(one, similarity_low=low, similarity_high=high))
    return found


def check_people(people: Any, rates: Sequence[float]) -> None:
    """Refuses rates that the people's impostor pairs cannot support, and says what is missing.

    Args:
        people: [B], who each image shows.
        rates: of false matches.

    Raises:
        ArgumentInvalid: a rate is outside (0, 1).
        DataInvalid: fewer than 3 people, or too few for a rate.
    """
    counts = np.unique(np.asarray(people), return_counts=True)[1]
    images = int(counts.sum())
    pairs = (images**2 - int((counts**2).sum())) // 2
    if len(counts) < PEOPLE_MIN:
        raise DataInvalid(
            f"calibration requires at least {PEOPLE_MIN} people, got {len(counts)}: one folder of "
            "images for each"
        )
    for rate in sorted(rates, reverse=True):
        if 0.0 < rate < 1.0 and rate < least_rate(pairs) * (1 - 1e-9):
            required = math.ceil(3 / rate - 1e-6)
            each = images / len(counts)
            needed = math.ceil((1 + math.sqrt(1 + 8 * required / each**2)) / 2)
            raise DataInvalid(
                f"an FMR of {rate:g} requires {required:,} impostor pairs; {len(counts)} people "
                f"with {images} images make {pairs:,}. Missing are about "
                f"{needed - len(counts)} people with {each:.1f} images each; or pass the rates "
                f"that these support, {least_rate(pairs):.2g} and above (--fmr)"
            )
        check_rate(rate, pairs)


def people_bootstrap(
    embeddings: Embeddings,
    people: Any,
    fmr: float,
    random: np.random.Generator,
    rounds: int = 200,
) -> Interval:
    """The 95 % interval of a threshold when other people had been measured.

    Each round draws as many people as there are, with replacement, and takes the threshold of
    the impostor pairs among the different people drawn.

    Args:
        embeddings: float32[B, D], unit rows.
        people: int[B], who each row shows.
        fmr: in (0, 1).
        random: the source of the draws.
        rounds: at least 20.

    Raises:
        ArgumentInvalid: the rate is out of range or beyond what the pairs support, or too few
            rounds.
        DataInvalid: fewer than 3 people.
    """
    if rounds < ROUNDS_MIN:
        raise ArgumentInvalid(f"rounds must be at least {ROUNDS_MIN}, got {rounds}")
    names, person = np.unique(np.asarray(people), return_inverse=True)
    if len(names) < PEOPLE_MIN:
        raise DataInvalid(f"at least {PEOPLE_MIN} people are needed to draw; got {len(names)}")
    first, second = np.triu_indices(len(embeddings), 1)
    impostor = person[first] != person[second]
    first, second = first[impostor], second[impostor]
    scores = np.einsum("pd,pd->p", embeddings[first], embeddings[second]).astype(np.float64)
    check_rate(fmr, len(scores))
    kept = min(len(scores), int(KEPT_TIMES * fmr * len(scores)) + KEPT_MIN)
    order = np.argpartition(-scores, kept - 1)[:kept]
    order = order[np.argsort(-scores[order], kind="stable")]
    scores, first, second = scores[order], person[first[order]], person[second[order]]
    faces = np.bincount(person)
    thresholds = np.empty(rounds)
    for index in range(rounds):
        drawn = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))
        weights = drawn[first] * drawn[second]
        # All pairs of two people drawn: half of the square, minus each person's own square.
        images = faces * drawn
        pairs = (int(images.sum()) ** 2 - int((images**2).sum())) // 2
        thresholds[index] = _weighted_threshold(scores, weights, fmr * pairs)
    low, high = np.quantile(thresholds, [0.025, 0.975])
    return Interval(float(low), float(high))


def impostor_similarities(embeddings: Embeddings, people: Any) -> NDArray[np.float64]:
    """Similarities of all pairs of rows that show two persons: float64[P].

    Args:
        embeddings: float32[B, D], unit rows.
        people: [B], who each row shows.
    """
    person = np.asarray(people)
    first, second = np.triu_indices(len(embeddings), 1)
    impostor = person[first] != person[second]
    table = embeddings @ embeddings.T
    return np.asarray(table[first[impostor], second[impostor]], dtype=np.float64)


def check_rate(fmr: float, pairs: int) -> None:
    """Refuses a rate that so many impostor pairs cannot support.

    Raises:
        ArgumentInvalid: the rate is outside (0, 1) or below 3 / pairs.
    """
    if not 0.0 < fmr < 1.0:
        raise ArgumentInvalid(f"fmr must be in (0, 1), got {fmr}")
    if fmr < least_rate(pairs) * (1 - 1e-9):
        raise ArgumentInvalid(
            f"{pairs} impostor pairs cannot support a FMR of "
            f"{fmr:g}; the least they support is {least_rate(pairs):.2g}"
        )


def _checked(similarities: Any) -> NDArray[np.float64]:
    scores = np.asarray(similarities, dtype=np.float64)
    if scores.ndim != 1 or len(scores) == 0 or not np.isfinite(scores).all():
        raise ArrayInvalid(f"similarities are a finite float[P], P >= 1; got {scores.shape}")
    return np.sort(scores)[::-1]


def _threshold(descending: NDArray[np.float64], accepts: float) -> float:
    """The least threshold that accepts at most `accepts` pairs; just above the next pair."""
    allowed = int(accepts + 1e-9)
    if allowed >= len(descending):
        return float(descending[-1])
    return float(np.nextafter(descending[allowed], np.inf))


def _weighted_threshold(
    descending: NDArray[np.float64], weights: NDArray[np.int64], accepts: float
) -> float:
    index = int(np.searchsorted(np.cumsum(weights), accepts + 1e-9, side="right"))
    return float(np.nextafter(descending[min(index, len(descending) - 1)], np.inf))
