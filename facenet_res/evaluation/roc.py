"""The trade between false matches and false non-matches, exact where similarities tie.

A pair is accepted when its similarity is at least the threshold, so pairs of
one similarity are accepted or refused together: a curve has one point for each
distinct similarity and nothing between them that a threshold could not reach.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid, DataInvalid


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Every trade that a threshold can reach, from the strictest to the laxest.

    Attributes:
        thresholds: float64[T], strictly falling; the first is +inf, which accepts nothing.
        fmr: float64[T], share of impostor pairs accepted, never falling.
        true_accept_rate: float64[T], share of genuine pairs accepted, never falling.
        genuine_count: pairs of one person.
        impostor_count: pairs of two persons.
    """

    thresholds: NDArray[np.float64]
    fmr: NDArray[np.float64]
    true_accept_rate: NDArray[np.float64]
    genuine_count: int
    impostor_count: int


@dataclass(frozen=True, slots=True)
class RocPoint:
    """What one threshold of a curve gives.

    Attributes:
        threshold: the least similarity accepted; +inf where nothing may be accepted.
        fmr: measured share of impostor pairs accepted.
        true_accept_rate: measured share of genuine pairs accepted.
    """

    threshold: float
    fmr: float
    true_accept_rate: float


def roc(similarities: Any, is_same: Any) -> Roc:
    """The curve of labelled pairs.

    Args:
        similarities: float[P], greater is closer.
        is_same: bool[P], whether the pair shows one person.

    Raises:
        ArrayInvalid: the shapes differ, or a similarity is not finite.
        DataInvalid: there is no genuine or no impostor pair.
    """
    scores, same = check_pairs(similarities, is_same)
    descending = np.argsort(-scores, kind="stable")
    scores, same = scores[descending], same[descending]
    # The last of each run of equal scores: only there does a threshold cut.
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    genuine = np.cumsum(same)[ends]
    impostor = np.cumsum(~same)[ends]
    return Roc(
        thresholds=np.concatenate([[np.inf], scores[ends]]),
        fmr=np.concatenate([[0.0], impostor / impostor[-1]]),
        true_accept_rate=np.concatenate([[0.0], genuine / genuine[-1]]),
        genuine_count=int(genuine[-1]),
        impostor_count=int(impostor[-1]),
    )


def tar_at_far(curve: Roc, fmr: float) -> RocPoint:
    """The laxest threshold whose measured FMR stays within the one asked for.

    No interpolation: the answer is a threshold that exists, and its measured rate is reported
    beside it. It may be stricter than asked where impostors tie.

    Args:
        curve: from `roc`.
        fmr: in [0, 1].

    Raises:
        ArrayInvalid: the rate lies outside [0, 1].
    """
    if not 0.0 <= fmr <= 1.0:
        raise ArrayInvalid(f"fmr must be in [0, 1]; got {fmr}")
    # A rate such as 0.07 times a count such as 100 must not lose a pair to rounding.
    allowed = np.floor(fmr * curve.impostor_count + 1e-9) / curve.impostor_count
    index = int(np.searchsorted(curve.fmr, allowed + 1e-15, side="right")) - 1
    return _point(curve, index)


def equal_error_rate(curve: Roc) -> float:
    """The rate at which false matches equal false non-matches.

    Where no threshold makes them equal, the two points on either side are joined by a straight
    line, as is usual; with many pairs the difference is below one pair.
    """
    reject = 1.0 - curve.true_accept_rate
    gap = curve.fmr - reject
    right = int(np.argmax(gap >= 0.0))
    left = right - 1
    share = -gap[left] / (gap[right] - gap[left])
    accept = curve.fmr
    return float(accept[left] + share * (accept[right] - accept[left]))


def area_under_curve(curve: Roc) -> float:
    """Chance that a genuine pair is closer than an impostor pair; ties count one half."""
    return float(np.trapezoid(curve.true_accept_rate, curve.fmr))


def check_pairs(similarities: Any, is_same: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The two as float64[P] and bool[P], if they describe pairs of both kinds.

    Raises:
        ArrayInvalid: the shapes differ, or a similarity is not finite.
        DataInvalid: there is no genuine or no impostor pair.
    """
    scores = np.asarray(similarities, dtype=np.float64)
    same = np.asarray(is_same, dtype=np.bool_)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise ArrayInvalid(
            f"similarities and is_same are of one length; got {scores.shape} and {same.shape}"
        )
    if not np.isfinite(scores).all():
        raise ArrayInvalid("a similarity is not finite")
    genuine = int(same.sum())
    if genuine == 0 or genuine == len(same):
        raise DataInvalid(
            "pairs of one person and of two persons are both needed; "
            f"got {genuine} and {len(same) - genuine}"
        )
    return scores, same


def _point(curve: Roc, index: int) -> RocPoint:
    return RocPoint(
        threshold=float(curve.thresholds[index]),
        fmr=float(curve.fmr[index]),
        true_accept_rate=float(curve.true_accept_rate[index]),
    )
