"""Suppression against the definition, box by box."""

import numpy as np
import pytest

from facenet_res.core.types import Box
from facenet_res.faces.suppression import suppress, suppress_apart, suppress_nested


def random_boxes(count: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(count)
    corners = generator.uniform(0, 100, (count, 2))
    boxes = np.column_stack([corners, corners + generator.uniform(5, 60, (count, 2))])
    return boxes, (1 + generator.permutation(count)) / count


@pytest.mark.parametrize("count", [0, 1, 2, 50, 300])
@pytest.mark.parametrize("iou_max", [0.3, 0.5, 0.7])
def test_agrees_with_the_definition(count: int, iou_max: float) -> None:
    boxes, scores = random_boxes(count)
    wanted: list[int] = []
    for row in np.argsort(-scores):
        if all(Box(*boxes[row]).iou(Box(*boxes[other])) <= iou_max for other in wanted):
            wanted.append(int(row))
    assert suppress(boxes, scores, iou_max).tolist() == wanted


def test_a_small_box_inside_a_better_large_one_goes() -> None:
    boxes = np.array([[0.0, 0, 100, 100], [40, 40, 60, 60], [200, 0, 220, 20]])
    scores = np.array([0.9, 0.8, 0.7])
    assert suppress(boxes, scores, 0.3).tolist() == [0, 1, 2]
    assert suppress_nested(boxes, scores, 0.7).tolist() == [0, 2]


def test_a_large_box_around_a_better_small_one_goes() -> None:
    boxes = np.array([[0.0, 0, 100, 100], [40, 40, 60, 60]])
    assert suppress_nested(boxes, np.array([0.8, 0.9]), 0.7).tolist() == [1]


def test_what_a_suppressed_box_overlapped_stays() -> None:
    # Given a chain: the second overlaps the first, the third only the second.
    boxes = np.array([[0.0, 0, 10, 10], [0, 4, 10, 14], [0, 8, 10, 18]])
    scores = np.array([0.9, 0.8, 0.7])
    assert suppress(boxes, scores, 0.3).tolist() == [0, 2]
    assert suppress_nested(boxes, scores, 0.5).tolist() == [0, 2]


def test_no_boxes_stay_none() -> None:
    assert suppress_nested(np.empty((0, 4)), np.empty(0), 0.5).tolist() == []


def test_groups_do_not_see_each_other() -> None:
    # Given two groups of random boxes on the same ground.
    boxes, scores = random_boxes(60)
    groups = np.arange(60) % 2
    # When suppressed together, then each gives what it gives alone.
    kept = suppress_apart(boxes, scores, groups, 0.3)
    for group in (0, 1):
        rows = np.flatnonzero(groups == group)
        alone = rows[suppress(boxes[rows], scores[rows], 0.3)]
        assert kept[groups[kept] == group].tolist() == alone.tolist()
    assert suppress_apart(boxes[:0], scores[:0], groups[:0], 0.3).tolist() == []
