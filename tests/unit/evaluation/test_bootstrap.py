"""Drawn intervals against counting by hand, closed forms and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.evaluation.bootstrap import (
    BootstrapConfig,
    _SortedPairs,
    pair_units,
    share_interval,
    shared_units,
    true_accept_intervals,
)
from facenet_res.evaluation.roc import roc, tar_at_far

# Few distinct values, so that ties within and across the two kinds are the rule.
pairs = st.lists(
    st.tuples(st.integers(-4, 4), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40
).filter(lambda drawn: len({same for _, same, _ in drawn}) == 2)


@given(pairs, st.floats(0, 1))
def test_each_unit_once_is_the_plain_figure(
    drawn: list[tuple[int, bool, int]], rate: float
) -> None:
    scores, same, _ = (np.array(each) for each in zip(*drawn, strict=True))
    units = pair_units(len(scores))
    once = np.ones(units.count, np.int64)

    got = _SortedPairs.of(scores, same, units).true_accept_rates(once, np.array([rate]))

    assert got[0] == pytest.approx(tar_at_far(roc(scores, same), rate).true_accept_rate)


@given(pairs, st.floats(0, 1))
def test_a_unit_drawn_so_often_counts_so_often(
    drawn: list[tuple[int, bool, int]], rate: float
) -> None:
    # Given how often each pair is drawn, the same pairs written out as often are the reference.
    scores, same, often = (np.array(each) for each in zip(*drawn, strict=True))
    written_out = np.repeat(scores, often), np.repeat(same, often)

    got = _SortedPairs.of(scores, same, pair_units(len(scores))).true_accept_rates(
        often, np.array([rate])
    )

    if len(np.unique(written_out[1])) < 2:
        assert np.isnan(got[0])
    else:
        expected = tar_at_far(roc(*written_out), rate).true_accept_rate
        assert got[0] == pytest.approx(expected)


def test_a_pair_counts_as_often_as_both_its_people() -> None:
    # ann-ann, ann-bob and bob-eve, with ann drawn twice, bob three times and eve never.
    units = shared_units(["ann", "ann", "bob"], ["ann", "bob", "eve"])
    sorted_pairs = _SortedPairs.of([0.9, 0.5, 0.7], [True, False, False], units)
    rates = sorted_pairs.true_accept_rates(np.array([2, 3, 0]), np.array([0.0]))
    assert rates.tolist() == [1.0]
    assert units.count == 3


def test_the_interval_of_independent_pairs_is_near_the_binomial_one() -> None:
    # Given a threshold that does not vary: impostors all at 0, genuine pairs 80 % above.
    random = np.random.default_rng(1)
    genuine = np.where(random.random(2000) < 0.8, 1.0, -1.0)
    scores = np.concatenate([genuine, np.zeros(2000)])
    same = np.arange(4000) < 2000

    (got,) = true_accept_intervals(scores, same, pair_units(4000), np.array([0.0]))

    share = float((genuine > 0).mean())
    deviation = 1.96 * (share * (1 - share) / 2000) ** 0.5
    assert got.low == pytest.approx(share - deviation, abs=0.005)
    assert got.high == pytest.approx(share + deviation, abs=0.005)


def test_people_with_many_pairs_widen_the_interval() -> None:
    # 30 people with 40 pairs each, of which all or none succeed: as sure as 30 pairs, not 1,200.
    person = np.repeat(np.arange(30), 40)
    hits = person < 24
    over_people = share_interval(hits, shared_units(person, person))
    over_pairs = share_interval(hits, pair_units(len(hits)))
    deviation = (0.8 * 0.2 / 30) ** 0.5
    assert over_people.high - over_people.low == pytest.approx(2 * 1.96 * deviation, rel=0.25)
    assert over_pairs.high - over_pairs.low < 0.25 * (over_people.high - over_people.low)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_interval_holds_the_figure_and_is_the_same_for_the_same_seed(seed: int) -> None:
    random = np.random.default_rng(seed)
    same = random.random(80) < 0.5
    same[:2] = True, False
    scores = same + random.normal(size=80)
    rates = np.array([0.1, 0.5])
    config = BootstrapConfig(rounds=60, seed=3)

    first = true_accept_intervals(scores, same, pair_units(80), rates, config)
    again = true_accept_intervals(scores, same, pair_units(80), rates, config)

    assert first == again
    assert all(0 <= each.low <= each.high <= 1 for each in first)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ArgumentInvalid, match="at least 20, got 3"):
        BootstrapConfig(rounds=3)
    with pytest.raises(DataInvalid, match="at least 3 of person"):
        shared_units(["a", "a"], ["b", "a"])
    with pytest.raises(ArrayInvalid, match="both sides"):
        shared_units([1, 2, 3], [1, 2])
    with pytest.raises(ArrayInvalid, match="units are of 3 pairs, there are 2"):
        true_accept_intervals([0.1, 0.2], [True, False], pair_units(3), np.array([0.1]))
    with pytest.raises(ArrayInvalid, match="P >= 1"):
        share_interval([], pair_units(0))
