"""Figures of a classifier, against scikit-learn's and closed forms."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.classification import (
    accuracy,
    area_under_roc,
    confusion_matrix,
    probabilities,
    reliability,
)


def drawn(classes: int, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes)) + 1.5 * np.eye(classes)[labels]
    # Coarse, so that there are ties.
    return probabilities(logits.round(1)), labels


@pytest.mark.parametrize("classes", [2, 5])
def test_figures_are_those_of_scikit_learn(classes: int) -> None:
    found, labels = drawn(classes)
    scores = found[:, 1] if classes == 2 else found
    assert area_under_roc(found, labels) == pytest.approx(
        metrics.roc_auc_score(labels, scores, multi_class="ovr"), abs=1e-12
    )
    chosen = found.argmax(axis=1)
    assert accuracy(found, labels) == metrics.accuracy_score(labels, chosen)
    assert np.array_equal(confusion_matrix(found, labels), metrics.confusion_matrix(labels, chosen))


def test_probabilities_of_huge_logits_are_finite() -> None:
    found = probabilities([[1e4, 0.0], [-1e4, -1e4]])
    assert found == pytest.approx(np.array([[1.0, 0.0], [0.5, 0.5]]))


def test_reliability_has_each_bins_confidence_accuracy_and_count() -> None:
    found = np.array([[0.9, 0.1], [0.9, 0.1], [0.38, 0.62], [0.0, 1.0]])
    bins = reliability(found, np.array([0, 1, 1, 1]), bins=10)
    assert bins.count.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 3]
    assert bins.confidence[9] == pytest.approx((0.9 + 0.9 + 1.0) / 3)
    assert bins.accuracy[9] == pytest.approx(2 / 3)
    assert np.isnan(bins.accuracy[0])
    gap = abs((0.9 + 0.9 + 1.0) / 3 - 2 / 3)
    assert bins.expected_calibration_error == pytest.approx(0.25 * (1 - 0.62) + 0.75 * gap)


def test_certain_and_right_is_calibrated() -> None:
    bins = reliability(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1]))
    assert bins.expected_calibration_error == 0


@pytest.mark.parametrize(
    ("values", "labels", "text"),
    [
        ([[0.5, 0.5]], [0, 1], r"got \[1, 2\] and \[2\]"),
        ([[1.0]], [0], "C >= 2"),
        (np.empty((0, 2)), np.empty(0, int), "N >= 1"),
        ([[0.7, 0.7]], [0], "add up to 1"),
        ([[np.nan, 0.5]], [0], "finite"),
        ([[1.5, -0.5]], [0], ">= 0"),
        ([[0.5, 0.5]], [2], r"integers in \[0, 2\)"),
        ([[0.5, 0.5]], [-1], r"integers in \[0, 2\)"),
        ([[0.5, 0.5]], [0.0], "integers"),
    ],
)
def test_arrays_of_another_kind_are_refused(values: Any, labels: Any, text: str) -> None:
    with pytest.raises(ArrayInvalid, match=text):
        accuracy(values, np.asarray(labels))


def test_one_class_alone_has_no_auc() -> None:
    with pytest.raises(DataInvalid, match=r"images of all 2 classes, got \[2, 0\]"):
        area_under_roc([[0.5, 0.5], [0.1, 0.9]], np.array([0, 0]))


def test_no_bins_are_refused() -> None:
    with pytest.raises(ArrayInvalid, match="bins must be at least 1, got 0"):
        reliability([[0.5, 0.5]], np.array([0]), bins=0)
