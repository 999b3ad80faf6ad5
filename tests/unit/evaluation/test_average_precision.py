"""Average precision of detections."""

import numpy as np
import pytest
from sklearn import metrics

from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.types import Box, Detection
from facenet_res.evaluation.average_precision import precision_recall

FACE = Box(0, 0, 10, 10)
OTHER = Box(20, 0, 30, 10)
NOWHERE = Box(50, 50, 60, 60)


def at(box: Box, score: float) -> Detection:
    return Detection(box, score, np.zeros((5, 2), np.float32))


def test_finding_every_face_first_is_perfect() -> None:
    found = [[at(FACE, 0.9), at(NOWHERE, 0.1)], [at(OTHER, 0.8)]]
    assert precision_recall(found, [[FACE], [OTHER]]).average_precision == 1.0


def test_a_face_is_found_once() -> None:
    curve = precision_recall([[at(FACE, 0.9), at(FACE, 0.8), at(OTHER, 0.7)]], [[FACE, OTHER]])
    assert curve.precision.tolist() == pytest.approx([1.0, 0.5, 2 / 3])
    assert curve.recall.tolist() == [0.5, 0.5, 1.0]
    assert curve.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_false_detection_before_all_others_costs() -> None:
    found = [[at(NOWHERE, 0.95), at(FACE, 0.9)]]
    assert precision_recall(found, [[FACE]]).average_precision == pytest.approx(0.5)


def test_an_overlap_below_the_limit_is_no_match() -> None:
    half = Box(0, 0, 10, 5)
    assert precision_recall([[at(half, 0.9)]], [[FACE]], 0.5).average_precision == 1.0
    assert precision_recall([[at(half, 0.9)]], [[FACE]], 0.51).average_precision == 0.0


def test_nothing_found_is_nothing() -> None:
    assert precision_recall([[], []], [[FACE], []]).average_precision == 0.0


def test_with_falling_precision_it_is_scikit_learns() -> None:
    # Given detections whose precision never rises with recall, where both definitions meet.
    hits = [1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]
    scores = np.linspace(0.9, 0.1, len(hits))
    boxes = [Box(20 * n, 0, 20 * n + 10, 10) for n in range(sum(hits))]
    rest = iter(boxes)
    found = [at(next(rest) if hit else NOWHERE, s) for hit, s in zip(hits, scores, strict=True)]
    expected = metrics.average_precision_score(hits, scores)
    assert precision_recall([found], [boxes]).average_precision == pytest.approx(expected)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArgumentInvalid, match="iou_min"):
        precision_recall([[]], [[FACE]], 0.0)
    with pytest.raises(ArgumentInvalid, match="1 and 2"):
        precision_recall([[]], [[FACE], []])
    with pytest.raises(DataInvalid, match="at least one box"):
        precision_recall([[]], [[]])
