"""The curve against scikit-learn and against counting by hand, ties included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.roc import area_under_curve, equal_error_rate, roc, tar_at_far

# Few distinct values, so that ties within and across the two kinds are the rule.
pairs = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=60).filter(
    lambda drawn: len({same for _, same in drawn}) == 2
)


def split(drawn: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    scores, same = zip(*drawn, strict=True)
    return np.array(scores) / 5.0, np.array(same)


@given(pairs)
def test_agrees_with_scikit_learn_on_ties(drawn: list[tuple[int, bool]]) -> None:
    scores, same = split(drawn)

    curve = roc(scores, same)

    far, tar, thresholds = roc_curve(same, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.fmr, far)
    np.testing.assert_allclose(curve.true_accept_rate, tar)
    np.testing.assert_allclose(curve.thresholds, thresholds)
    assert area_under_curve(curve) == pytest.approx(roc_auc_score(same, scores))


@given(pairs, st.floats(0, 1))
def test_tar_at_far_is_the_best_that_any_threshold_reaches(
    drawn: list[tuple[int, bool]], asked: float
) -> None:
    scores, same = split(drawn)

    point = tar_at_far(roc(scores, same), asked)

    candidates = [np.inf, *np.unique(scores)]
    allowed = [t for t in candidates if (scores[~same] >= t).mean() <= asked + 1e-9]
    assert point.true_accept_rate == max((scores[same] >= t).mean() for t in allowed)
    assert point.fmr <= asked + 1e-9
    # The threshold itself must give the rates that stand beside it.
    assert (scores[same] >= point.threshold).mean() == pytest.approx(point.true_accept_rate)
    assert (scores[~same] >= point.threshold).mean() == pytest.approx(point.fmr)


@given(pairs)
@settings(max_examples=50)
def test_equal_error_rate_lies_between_its_neighbours(drawn: list[tuple[int, bool]]) -> None:
    scores, same = split(drawn)
    curve = roc(scores, same)

    rate = equal_error_rate(curve)

    worse = np.maximum(curve.fmr, 1 - curve.true_accept_rate)
    assert 0.0 <= rate <= worse.min() + 1e-12


def test_impostors_that_tie_are_not_split() -> None:
    # Given two impostors of one similarity, of which a rate of one half would allow one.
    scores = [0.9, 0.5, 0.5, 0.5]
    same = [True, True, False, False]

    point = tar_at_far(roc(scores, same), 0.5)

    assert point.fmr == 0.0
    assert point.true_accept_rate == 0.5
    assert point.threshold == 0.9


def test_a_rate_that_allows_seven_of_a_hundred_allows_seven() -> None:
    # 0.07 * 100 is 7.000000000000001 in floats, 0.29 * 100 is 28.999999999999996.
    scores = np.concatenate([np.linspace(0, 1, 100), [2.0]])
    same = np.arange(101) == 100
    for allowed in (7, 29, 57, 58):
        point = tar_at_far(roc(scores, same), allowed / 100)
        assert round(point.fmr * 100) == allowed


def test_closed_forms_of_two_normal_distributions() -> None:
    random = np.random.default_rng(0)
    scores = np.concatenate([random.normal(1, 1, 100_000), random.normal(-1, 1, 100_000)])
    same = np.arange(200_000) < 100_000

    curve = roc(scores, same)

    # EER is Phi(-1), AUC is Phi(2 / sqrt 2).
    assert equal_error_rate(curve) == pytest.approx(0.158655, abs=3e-3)
    assert area_under_curve(curve) == pytest.approx(0.921350, abs=2e-3)


@pytest.mark.parametrize(
    ("scores", "same", "error"),
    [
        ([0.1, np.nan], [True, False], ArrayInvalid),
        ([0.1, 0.2, 0.3], [True, False], ArrayInvalid),
        ([[0.1, 0.2]], [[True, False]], ArrayInvalid),
        ([0.1, 0.2], [True, True], DataInvalid),
        ([], [], DataInvalid),
    ],
)
def test_refuses_what_is_no_set_of_pairs(
    scores: object, same: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        roc(scores, same)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_refuses_a_rate_outside_0_to_1(rate: float) -> None:
    curve = roc([0.1, 0.2], [False, True])
    with pytest.raises(ArrayInvalid):
        tar_at_far(curve, rate)
