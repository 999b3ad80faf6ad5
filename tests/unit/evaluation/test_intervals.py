"""The interval against the quantiles of the beta distribution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.evaluation.intervals import (
    Interval,
    clopper_pearson,
    least_rate,
    pairs_needed,
    supports,
    widest,
)


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_agrees_with_the_beta_distribution(trials: int, share: float, confidence: float) -> None:
    successes = round(share * trials)

    got = clopper_pearson(successes, trials, confidence)

    tail = (1 - confidence) / 2
    low = beta.ppf(tail, successes, trials - successes + 1) if successes else 0.0
    high = beta.ppf(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    assert got.low == pytest.approx(low, abs=1e-9)
    assert got.high == pytest.approx(high, abs=1e-9)


def test_no_error_among_n_gives_the_rule_of_three() -> None:
    # One-sided 95 % is two-sided 90 %.
    assert clopper_pearson(0, 3000, 0.90).high == pytest.approx(least_rate(3000), rel=0.01)


def test_no_pairs_support_no_rate() -> None:
    assert least_rate(0) == float("inf")


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"), [(1, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0)]
)
def test_refuses_counts_out_of_range(successes: int, trials: int, confidence: float) -> None:
    with pytest.raises(ArgumentInvalid):
        clopper_pearson(successes, trials, confidence)


@pytest.mark.parametrize(
    ("rate", "pairs"), [(1e-1, 30), (1e-3, 3000), (1e-6, 3_000_000), (0.3, 10), (1.0, 3)]
)
def test_the_rule_of_three(rate: float, pairs: int) -> None:
    assert pairs_needed(rate) == pairs
    assert supports(pairs, rate)
    assert not supports(pairs - 1, rate)
    # With no false match among them the upper end at 95 % (one-sided) is the rate, nearly.
    assert (1 - rate) ** pairs <= 0.05


def test_no_number_of_pairs_supports_a_rate_of_nothing() -> None:
    with pytest.raises(ArgumentInvalid, match="got 0"):
        pairs_needed(0.0)


def test_the_widest_interval_takes_the_outer_ends() -> None:
    assert widest(Interval(0.1, 0.3), Interval(0.2, 0.4)) == Interval(0.1, 0.4)
