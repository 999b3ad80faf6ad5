"""The figures of pairs: against the plain functions, scikit-learn, and what pairs support."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import det_curve

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid, DataInvalid
from facenet_res.evaluation.bootstrap import BootstrapConfig, pair_units
from facenet_res.evaluation.report import to_json, verification_rows
from facenet_res.evaluation.report_pages import verification_page
from facenet_res.evaluation.verification_report import (
    Measured,
    ScoredPairSet,
    VerificationReport,
    histogram,
    judge_scores,
)

FAST = BootstrapConfig(rounds=20)


def judged(impostors: int, genuine: int = 200, folds: bool = False) -> VerificationReport:
    random = np.random.default_rng(0)
    scores = np.concatenate([random.normal(0.6, 0.15, genuine), random.normal(0, 0.1, impostors)])
    scored = ScoredPairSet(
        similarities=scores,
        is_same=np.arange(len(scores)) < genuine,
        units=pair_units(len(scores)),
        folds=np.arange(len(scores)) % 10 if folds else (),
    )
    return judge_scores(scored, Measured(model_id="m-1"), FAST)


@pytest.mark.parametrize(
    ("impostors", "given"), [(29, 0), (30, 1), (299, 1), (300, 2), (2999, 2), (3000, 3)]
)
def test_a_rate_needs_three_divided_by_it_pairs(impostors: int, given: int) -> None:
    report = judged(impostors)
    assert len(report.tar_at_far) == given
    assert [each.needed for each in report.refused] == [
        3 * 10**power for power in range(given + 1, 7)
    ]
    assert {each.found for each in report.refused} == {impostors}
    rows = dict(verification_rows(report))
    assert rows["TMR at FMR 1e-06"] == (
        f"refused: needs 3000000 pairs of two people, there are {impostors}"
    )


def test_the_interval_is_the_wider_of_two_and_holds_the_rate() -> None:
    for point in judged(3000).tar_at_far:
        assert point.interval.low == min(point.bootstrap.low, point.binomial.low)
        assert point.interval.high == max(point.bootstrap.high, point.binomial.high)
        assert point.interval.low <= point.true_accept_rate <= point.interval.high
        assert point.measured_rate <= point.fmr


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=8, max_size=60))
def test_the_curve_is_as_good_as_any_threshold_of_scikit_learn(
    drawn: list[tuple[int, bool]],
) -> None:
    scores, same = (np.array(each) for each in zip(*drawn, strict=True))
    if len(set(same.tolist())) < 2:
        return
    scored = ScoredPairSet(similarities=scores, is_same=same, units=pair_units(len(scores)))

    report = judge_scores(scored, Measured(), FAST)

    accepts, rejects, _ = det_curve(same, scores)
    # scikit-learn leaves out the threshold that accepts nothing, and all but one without rejects.
    accepts, rejects = np.append(accepts, 0.0), np.append(rejects, 1.0)
    for point in report.curve:
        least = rejects[accepts <= point.fmr + 1e-9].min()
        assert 1 - point.true_accept_rate == pytest.approx(least)


def test_the_histogram_counts_every_pair_once() -> None:
    report = judged(300)
    assert sum(report.histogram.genuine) == 200
    assert sum(report.histogram.impostor) == 300
    assert len(report.histogram.edges) == len(report.histogram.genuine) + 1
    one = histogram(np.array([0.5, 0.5]), np.array([]))
    assert sum(one.genuine) == 2
    with pytest.raises(ArgumentInvalid):
        histogram(np.array([]), np.array([]))


def test_json_and_page_hold_curves_and_folds() -> None:
    report = judged(300, folds=True)
    read = json.loads(to_json(report))
    page = verification_page("Pairs", "of a test", report)
    assert len(read["curve"]) == 100
    assert read["accuracy"]["folds"][9]["pairs"] == 50
    assert page.count("<svg") == 3
    assert "<h2>Folds</h2>" in page
    assert "drawn over pairs as if independent" in page


def test_a_perfect_result_can_be_drawn() -> None:
    scored = ScoredPairSet(
        similarities=[1.0] * 50 + [0.0] * 50, is_same=[True] * 50 + [False] * 50,
        units=pair_units(100),
    )  # fmt: skip
    report = judge_scores(scored, Measured(), FAST)
    assert report.equal_error_rate == 0.0
    # No error in 50 pairs does not mean none in any.
    assert report.tar_at_far[0].interval.low == pytest.approx(0.025 ** (1 / 50))
    assert verification_page("Pairs", "", report).count("<svg") == 3


@pytest.mark.parametrize(
    ("scores", "same", "error"),
    [
        ([np.nan, 0.1], [True, False], ArrayInvalid),
        ([0.2, 0.1], [True, True], DataInvalid),
        ([], [], DataInvalid),
    ],
)
def test_what_is_no_set_of_pairs_is_refused(
    scores: list[float], same: list[bool], error: type[Exception]
) -> None:
    scored = ScoredPairSet(similarities=scores, is_same=same, units=pair_units(len(scores)))
    with pytest.raises(error):
        judge_scores(scored, Measured(), FAST)
