"""How far a measured rate or threshold can be trusted."""

import math
from dataclasses import dataclass

import numpy as np

from facenet_res.core.errors import ArgumentInvalid

BISECTION_STEPS = 100
PAIRS_A_FALSE_ACCEPT = 3.0
"""With no false match among n pairs the true rate is below 3/n at 95 % ("rule of three")."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends between which a true value lies at the stated confidence."""

    low: float
    high: float


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a binomial rate.

    Args:
        successes: in [0, trials].
        trials: at least 1.
        confidence: in (0, 1).

    Raises:
        ArgumentInvalid: a count or the confidence is out of range.

    Source:
        Clopper and Pearson 1934, Biometrika 26, 404-413. The ends are found by bisection on the
        binomial tail, so that no statistics package is needed; they agree with the quantiles of
        the beta distribution to 1e-9.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ArgumentInvalid(f"need 0 <= successes <= trials, got {successes} of {trials}")
    if not 0.0 < confidence < 1.0:
        raise ArgumentInvalid(f"confidence must be in (0, 1), got {confidence}")
    tail = (1.0 - confidence) / 2.0
    high = 1.0 if successes == trials else _rate_at_tail(successes, trials, tail)
    # The lower end is the upper end of the failures, seen from the other side.
    low = 0.0 if successes == 0 else 1.0 - _rate_at_tail(trials - successes, trials, tail)
    return Interval(low, high)


def least_rate(pairs: int) -> float:
    """The smallest FMR that so many impostor pairs can support."""
    return PAIRS_A_FALSE_ACCEPT / pairs if pairs > 0 else math.inf


def pairs_needed(fmr: float) -> int:
    """Impostor pairs that a FMR needs: three divided by it.

    Raises:
        ArgumentInvalid: the rate is not in (0, 1].
    """
    if not 0.0 < fmr <= 1.0:
        raise ArgumentInvalid(f"fmr must be in (0, 1], got {fmr}")
    return math.ceil(PAIRS_A_FALSE_ACCEPT / fmr - 1e-6)


def supports(pairs: int, fmr: float) -> bool:
    """Whether so many impostor pairs support a FMR."""
    return pairs >= pairs_needed(fmr)


def widest(first: Interval, second: Interval) -> Interval:
    """From the lower of two lower ends to the higher of two higher ones."""
    return Interval(min(first.low, second.low), max(first.high, second.high))


def _rate_at_tail(successes: int, trials: int, tail: float) -> float:
    """The rate p at which P(X <= successes) = tail; the tail falls as p grows."""
    counts = np.arange(1, successes + 1, dtype=np.float64)
    # log of the binomial coefficients "trials over 0, 1, ..., successes".
    choose = np.concatenate([[0.0], np.cumsum(np.log((trials - counts + 1) / counts))])
    counts = np.concatenate([[0.0], counts])
    low, high = 0.0, 1.0
    for _ in range(BISECTION_STEPS):
        rate = (low + high) / 2
        if rate in (low, high):
            break
        logs = choose + counts * math.log(rate) + (trials - counts) * math.log1p(-rate)
        if float(np.exp(logs).sum()) > tail:
            low = rate
        else:
            high = rate
    return (low + high) / 2
