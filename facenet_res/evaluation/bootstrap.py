"""Intervals by drawing anew: what would have been measured of other people.

Pairs that share a person are not independent: somebody with a hard face makes many hard pairs.
So where it is known who is on the pairs, each round draws as many *people* as there are, with
replacement, and a pair counts as often as both its people were drawn (one person's own pairs as
often as the person). Where it is not known, pairs are drawn, which makes intervals too narrow.

Source:
    Snijders and Borgatti 1999, "Non-parametric standard errors and tests for network
    statistics" (the vertex bootstrap), recommended for 1:1 matching by Fogliato, Patil and
    Perona 2024, arXiv:2306.01198.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.evaluation.intervals import Interval
from facenet_res.evaluation.roc import check_pairs

Unit = Literal["person", "template", "pair"]
ROUNDS_MIN: Final = 20
UNITS_MIN: Final = 3
TAIL: Final = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapConfig:
    """How often is drawn.

    Attributes:
        rounds: at least 20; 200 give the ends of a 95 % interval to about a tenth of its width.
        seed: of the draws.
    """

    rounds: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rounds < ROUNDS_MIN:
            raise ArgumentInvalid(f"rounds must be at least {ROUNDS_MIN}, got {self.rounds}")


@dataclass(frozen=True, slots=True, eq=False)
class DrawnUnits:
    """What is drawn.

    Attributes:
        unit: what one draw takes.
        first: int64[P], the unit of each pair's first side, 0 to `count` - 1; for "pair" the pair.
        second: int64[P], of its second side.
        count: how many units there are.
    """

    unit: Unit
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    count: int


def pair_units(pairs: int) -> DrawnUnits:
    """Each pair for itself."""
    numbers = np.arange(pairs)
    return DrawnUnits("pair", numbers, numbers, pairs)


def shared_units(first: Any, second: Any, unit: Unit = "person") -> DrawnUnits:
    """People (or templates) who are on several pairs each.

    Args:
        first: int or str[P], who or what is on each pair's first side.
        second: likewise on its second.
        unit: what they are.

    Raises:
        ArrayInvalid: the lengths differ.
        DataInvalid: there are fewer than 3 units.
    """
    sides = np.asarray(first), np.asarray(second)
    if sides[0].ndim != 1 or sides[0].shape != sides[1].shape:
        raise ArrayInvalid(f"both sides are [P]; got {sides[0].shape} and {sides[1].shape}")
    names, numbers = np.unique(np.concatenate(sides), return_inverse=True)
    if len(names) < UNITS_MIN:
        raise DataInvalid(f"at least {UNITS_MIN} of {unit} are needed to draw; got {len(names)}")
    length = len(sides[0])
    return DrawnUnits(unit, numbers[:length], numbers[length:], len(names))


def people_or_pairs(first: Any, second: Any) -> DrawnUnits:
    """The people on pairs, or the pairs themselves where there are fewer than 3 people to draw."""
    if len(np.union1d(first, second)) < UNITS_MIN:
        return pair_units(len(first))
    return shared_units(first, second)


def true_accept_intervals(
    similarities: Any,
    is_same: Any,
    units: DrawnUnits,
    fmrs: NDArray[np.float64],
    config: BootstrapConfig | None = None,
) -> list[Interval]:
    """The 95 % interval of the true match rate at each FMR.

    The threshold is chosen anew in each round, so the interval holds what is unsure of it too.
    Ends are the 2.5 % and 97.5 % quantiles over the rounds.

    Args:
        similarities: float[P].
        is_same: bool[P].
        units: what is drawn.
        fmrs: float64[R], each in [0, 1].
        config: rounds and seed.

    Returns:
        One interval for each rate.

    Raises:
        ArrayInvalid: shapes differ, or a similarity is not finite.
        DataInvalid: there is no genuine or no impostor pair.
    """
    config = config or BootstrapConfig()
    sorted_pairs = _SortedPairs.of(similarities, is_same, units)
    random = np.random.default_rng(config.seed)
    found = np.full((config.rounds, len(fmrs)), np.nan)
    for row in found:
        drawn = np.bincount(random.integers(0, units.count, units.count), minlength=units.count)
        row[:] = sorted_pairs.true_accept_rates(drawn, fmrs)
    # A round may draw nobody who has a pair of both kinds; such rounds say nothing.
    usable = found[~np.isnan(found).any(axis=1)]
    if len(usable) == 0:
        return [Interval(0.0, 1.0) for _ in fmrs]
    ends = np.quantile(usable, [TAIL, 1 - TAIL], axis=0)
    return [Interval(float(low), float(high)) for low, high in ends.T]


def share_interval(hits: Any, units: DrawnUnits, config: BootstrapConfig | None = None) -> Interval:
    """The 95 % interval of a share, such as that of queries whose right person came first.

    Args:
        hits: bool[P], what is counted.
        units: what is drawn, of the same P.
        config: rounds and seed.

    Raises:
        ArrayInvalid: the lengths differ, or there is nothing to count.
    """
    config = config or BootstrapConfig()
    counted = np.asarray(hits, np.bool_)
    if counted.shape != units.first.shape or len(counted) == 0:
        raise ArrayInvalid(f"hits are bool[{len(units.first)}], P >= 1; got {counted.shape}")
    random = np.random.default_rng(config.seed)
    shares: list[float] = []
    for _ in range(config.rounds):
        drawn = np.bincount(random.integers(0, units.count, units.count), minlength=units.count)
        weights = _weights((units.first, units.second), drawn)
        if total := int(weights.sum()):
            shares.append(float(weights[counted].sum()) / total)
    if not shares:
        return Interval(0.0, 1.0)
    low, high = np.quantile(shares, [TAIL, 1 - TAIL])
    return Interval(float(low), float(high))


@dataclass(frozen=True, slots=True, eq=False)
class _SortedPairs:
    """Pairs of both kinds, the closest first, with all that does not change between rounds.

    `above[k]` counts the genuine pairs that are closer than impostor pair k: those that are
    accepted by the laxest threshold that refuses it. Pairs that tie are refused together.
    """

    genuine: tuple[NDArray[np.int64], NDArray[np.int64]]
    impostor: tuple[NDArray[np.int64], NDArray[np.int64]]
    above: NDArray[np.int64]

    @classmethod
    def of(cls, similarities: Any, is_same: Any, units: DrawnUnits) -> "_SortedPairs":
        scores, same = check_pairs(similarities, is_same)
        if units.first.shape != scores.shape:
            raise ArrayInvalid(f"units are of {len(units.first)} pairs, there are {len(scores)}")
        order = np.argsort(-scores, kind="stable")
        genuine, impostor = order[same[order]], order[~same[order]]
        above = np.searchsorted(-scores[genuine], -scores[impostor], side="left")
        return cls(
            genuine=(units.first[genuine], units.second[genuine]),
            impostor=(units.first[impostor], units.second[impostor]),
            above=np.append(above, len(genuine)),
        )

    def true_accept_rates(
        self, drawn: NDArray[np.int64], fmrs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """At each rate, with each unit counted as often as it was drawn; NaN if nothing was."""
        impostor = np.cumsum(_weights(self.impostor, drawn))
        genuine = np.concatenate([[0], np.cumsum(_weights(self.genuine, drawn))])
        if impostor[-1] == 0 or genuine[-1] == 0:
            return np.full(len(fmrs), np.nan)
        allowed = np.floor(fmrs * impostor[-1] + 1e-9)
        refused = np.searchsorted(impostor, allowed, side="right")
        rates: NDArray[np.float64] = genuine[self.above[refused]] / genuine[-1]
        return rates


def _weights(
    sides: tuple[NDArray[np.int64], NDArray[np.int64]], drawn: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How often each pair counts. One person's own pair counts as often as the person."""
    first, second = sides
    weights: NDArray[np.int64] = np.where(
        first == second, drawn[first], drawn[first] * drawn[second]
    )
    return weights
