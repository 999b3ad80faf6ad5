"""The threshold comes from the other folds, and the error is that of the mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.verification import best_threshold, dealt_folds, kfold_accuracy

pairs = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=40).filter(
    lambda drawn: len({same for _, same in drawn}) == 2
)


@given(pairs)
def test_no_threshold_is_better_than_the_best(drawn: list[tuple[int, bool]]) -> None:
    scores, same = (np.array(column) for column in zip(*drawn, strict=True))

    threshold = best_threshold(scores, same)

    reached = ((scores >= threshold) == same).mean()
    possible = [((scores >= t) == same).mean() for t in [*np.unique(scores), 99]]
    assert reached == max(possible)


def test_takes_the_middle_of_a_gap() -> None:
    assert best_threshold([0.0, 0.2, 0.6, 0.8], [False, False, True, True]) == pytest.approx(0.4)


def test_separates_neighbouring_floats() -> None:
    low = 0.5
    high = np.nextafter(low, 1.0)
    threshold = best_threshold([low, high], [False, True])
    assert low < threshold <= high


def test_a_fold_is_judged_by_the_threshold_of_the_others() -> None:
    # Given two folds whose own best thresholds would be perfect, but fail the other fold.
    scores = np.array([0.1, 0.3, 0.6, 0.8])
    same = np.array([False, True, False, True])
    folds = np.array([0, 0, 1, 1])

    result = kfold_accuracy(scores, same, folds)

    assert [fold.threshold for fold in result.folds] == pytest.approx([0.7, 0.2])
    assert [fold.accuracy for fold in result.folds] == [0.5, 0.5]
    assert result.mean == 0.5


def test_standard_error_is_the_sample_deviation_over_the_root_of_the_folds() -> None:
    random = np.random.default_rng(1)
    same = np.tile(np.repeat([True, False], 50), 10)
    scores = random.normal(same * 1.0, 1.0)
    folds = np.repeat(np.arange(10), 100)

    result = kfold_accuracy(scores, same, folds)

    accuracies = [fold.accuracy for fold in result.folds]
    assert result.mean == pytest.approx(np.mean(accuracies))
    assert result.standard_error == pytest.approx(np.std(accuracies, ddof=1) / np.sqrt(10))
    # Phi(0.5) is what two normals one apart allow.
    assert result.mean == pytest.approx(0.6915, abs=0.04)


def test_one_fold_cannot_be_judged() -> None:
    with pytest.raises(DataInvalid, match="at least 2 folds"):
        kfold_accuracy([0.1, 0.9], [False, True], [0, 0])


def test_folds_of_another_length_are_refused() -> None:
    with pytest.raises(ArrayInvalid, match="folds"):
        kfold_accuracy([0.1, 0.9], [False, True], [0, 0, 1])


def test_pairs_without_folds_are_dealt_out_by_kind() -> None:
    same = np.array([True] * 24 + [False] * 66)

    folds = dealt_folds(same)

    for kind in (same, ~same):
        counts = np.bincount(folds[kind], minlength=10)
        assert counts.max() - counts.min() <= 1
    assert kfold_accuracy(same.astype(float), same, folds).mean == 1.0


@pytest.mark.parametrize(("genuine", "impostor", "folds"), [(1, 9, 0), (0, 9, 0), (2, 9, 2)])
def test_few_pairs_are_few_folds_or_none(genuine: int, impostor: int, folds: int) -> None:
    same = np.array([True] * genuine + [False] * impostor)
    assert len(set(dealt_folds(same).tolist())) == folds
