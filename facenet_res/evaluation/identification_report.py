"""All figures of "who is this?": the CMC, TPIR at FPIR, their intervals and curves.

TPIR at FPIR is computed as a true match rate at an FMR: a mated probe is a genuine pair with its
best score if the right person is first, and is never accepted if somebody else is; a probe of a
non-enrolled person is an impostor pair with its best score. So one bootstrap serves both.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.bootstrap import (
    BootstrapConfig,
    DrawnUnits,
    Unit,
    share_interval,
    true_accept_intervals,
)
from facenet_res.evaluation.identification import (
    UNKNOWN,
    cumulative_match,
    open_set_point,
    ranks,
)
from facenet_res.evaluation.intervals import (
    Interval,
    clopper_pearson,
    least_rate,
    supports,
    widest,
)
from facenet_res.evaluation.verification_report import (
    CurvePoint,
    Histogram,
    RefusedRate,
    histogram,
    refused_rates,
)

FALSE_POSITIVE_RATES: Final = (1e-1, 1e-2, 1e-3)
RANKS: Final = (1, 5, 10)
RANK_MAX: Final = 20
CURVE_POINTS: Final = 60
NEVER: Final = -2.0
"""Below every cosine: the similarity of a query whose right person does not stand first."""


@dataclass(frozen=True, slots=True)
class RankRate:
    """Share of mated queries whose right person stands at this rank or before.

    Attributes:
        rank: 1 is the first.
        rate: the share.
        interval: 95 %, the wider at each end of bootstrap and Clopper-Pearson.
    """

    rank: int
    rate: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class TpirAtFpir:
    """Share of mated queries answered rightly at a rate of non-enrolled people who are named.

    Attributes:
        false_positive_rate: the rate asked for (FPIR).
        measured_rate: share of queries of non-enrolled people at or above the threshold.
        true_positive_rate: share of mated queries whose right person stands first and at or above
            the threshold (TPIR).
        interval: of that, 95 %, the wider at each end of bootstrap and Clopper-Pearson.
        threshold: the least similarity answered with a name.
    """

    false_positive_rate: float
    measured_rate: float
    true_positive_rate: float
    interval: Interval
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationReport:
    """How well people are found in a gallery.

    Attributes:
        model_id: the weights.
        people: in the gallery.
        mated: queries that show somebody of the gallery.
        unmated: queries of non-enrolled people.
        rank_rates: rank 1, 5 and 10, as far as the gallery has so many people.
        cmc: the share at rank 1, 2, ...
        tpir_at_fpir: at the rates that the queries of non-enrolled people support.
        refused: the other rates, and what they need.
        least_rate: the smallest FPIR that the queries of non-enrolled people support.
        drawn: what the bootstrap drew.
        drawn_count: how many of them there are.
        curve: TPIR over FPIR, from the least rate on.
        histogram: the best similarity of each query.
    """

    model_id: str
    people: int
    mated: int
    unmated: int
    rank_rates: tuple[RankRate, ...]
    cmc: tuple[float, ...]
    tpir_at_fpir: tuple[TpirAtFpir, ...]
    refused: tuple[RefusedRate, ...]
    least_rate: float
    drawn: Unit
    drawn_count: int
    curve: tuple[CurvePoint, ...] = field(repr=False)
    histogram: Histogram = field(repr=False)


def judge_identification(
    similarities: NDArray[Any],
    people: Any,
    units: DrawnUnits,
    model_id: str,
    config: BootstrapConfig | None = None,
) -> IdentificationReport:
    """The figures of queries against a gallery.

    Args:
        similarities: float[Q, P], each query to each person.
        people: int[Q], the right person, or UNKNOWN.
        units: of each query: whom it shows, non-enrolled people too.
        model_id: names the weights.
        config: rounds and seed of the bootstrap.

    Raises:
        ArrayInvalid: lengths differ, a value is not finite, or a person is not in the gallery.
        DataInvalid: there is no mated or no unmated query.
    """
    person = np.asarray(people, np.int64)
    if not np.isfinite(similarities).all():
        raise ArrayInvalid("a similarity is not finite")
    mated = person != UNKNOWN
    if not mated.any() or mated.all():
        raise DataInvalid(
            f"mated and unmated queries are both needed; got {int(mated.sum())} "
            f"and {int((~mated).sum())}"
        )
    rank = ranks(similarities, person)
    best = similarities.max(axis=1).astype(np.float64)
    is_right = np.zeros(len(person), np.bool_)
    is_right[mated] = rank == 1
    queries = _Queries(best, is_right, mated, units)
    rank_max = min(RANK_MAX, similarities.shape[1])
    unmated = int((~mated).sum())
    return IdentificationReport(
        model_id=model_id,
        people=similarities.shape[1],
        mated=int(mated.sum()),
        unmated=unmated,
        rank_rates=tuple(
            _rank_rate(rank, place, queries, config) for place in RANKS if place <= rank_max
        ),
        cmc=tuple(cumulative_match(rank, rank_max).tolist()),
        tpir_at_fpir=_points(queries, config),
        refused=refused_rates(FALSE_POSITIVE_RATES, unmated),
        least_rate=least_rate(unmated),
        drawn=units.unit,
        drawn_count=units.count,
        curve=_curve(queries, config),
        histogram=histogram(best[mated], best[~mated]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Queries:
    """Each query's best candidate, and whether it is right and should be there."""

    best: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    mated: NDArray[np.bool_]
    units: DrawnUnits

    def intervals(
        self, rates: NDArray[np.float64], config: BootstrapConfig | None
    ) -> list[Interval]:
        scores = np.where(self.mated & ~self.is_right, NEVER, self.best)
        return true_accept_intervals(scores, self.mated, self.units, rates, config)


def _rank_rate(
    rank: NDArray[np.int64], place: int, queries: _Queries, config: BootstrapConfig | None
) -> RankRate:
    hits = rank <= place
    mated, units = queries.mated, queries.units
    own = DrawnUnits(units.unit, units.first[mated], units.second[mated], units.count)
    interval = widest(
        share_interval(hits, own, config), clopper_pearson(int(hits.sum()), len(hits))
    )
    return RankRate(place, float(hits.mean()), interval)


def _points(queries: _Queries, config: BootstrapConfig | None) -> tuple[TpirAtFpir, ...]:
    unmated = int((~queries.mated).sum())
    mated = int(queries.mated.sum())
    rates = [rate for rate in FALSE_POSITIVE_RATES if supports(unmated, rate)]
    found = []
    for rate, bootstrap in zip(rates, queries.intervals(np.array(rates), config), strict=True):
        point = open_set_point(queries.best, queries.is_right, queries.mated, rate)
        named = round(point.true_positive_rate * mated)
        found.append(
            TpirAtFpir(
                false_positive_rate=rate,
                measured_rate=point.false_positive_rate,
                true_positive_rate=point.true_positive_rate,
                interval=widest(bootstrap, clopper_pearson(named, mated)),
                threshold=point.threshold,
            )
        )
    return tuple(found)


def _curve(queries: _Queries, config: BootstrapConfig | None) -> tuple[CurvePoint, ...]:
    """Up to just below an FPIR of 1, where no threshold is left to tell anything."""
    least = least_rate(int((~queries.mated).sum()))
    if least >= 1.0:
        return ()
    grid = np.geomspace(least, 1.0, CURVE_POINTS)[:-1]
    return tuple(
        CurvePoint(
            float(rate),
            open_set_point(
                queries.best, queries.is_right, queries.mated, float(rate)
            ).true_positive_rate,
            interval,
        )
        for rate, interval in zip(grid, queries.intervals(grid, config), strict=True)
    )
