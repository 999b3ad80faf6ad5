"""Targets of a detector: what a network that says them exactly would find."""

import numpy as np

from facenet_res.core.cells import cells, decoded
from facenet_res.data.detection_targets import detection_targets

SIDE_PX = 128
BOXES = np.array([[20, 30, 44, 60], [60, 50, 126, 120]], np.float32)
LANDMARKS = np.stack(
    [box[:2] + np.linspace(0.2, 0.8, 5)[:, None] * (box[2:] - box[:2]) for box in BOXES]
).astype(np.float32)
NOTHING = np.empty((0, 4), np.float32)


def test_targets_decode_to_the_faces_that_they_were_made_of() -> None:
    targets = detection_targets(BOXES, LANDMARKS, NOTHING, SIDE_PX)
    outputs = targets.copy()
    has_face = targets[:, 0] == 1
    outputs[has_face, 1:5] = np.log(targets[has_face, 1:5])
    boxes, _, landmarks = decoded(outputs, SIDE_PX, SIDE_PX)
    found = {tuple(box) for box in boxes[has_face].round(2).tolist()}
    assert found == {tuple(box) for box in BOXES.tolist()}
    for box, points in zip(boxes[has_face], landmarks[has_face], strict=True):
        face = int(np.abs(BOXES - box).sum(axis=1).argmin())
        assert np.abs(points - LANDMARKS[face]).max() < 0.01


def test_a_small_face_is_the_duty_of_the_fine_map_and_a_large_one_of_a_coarse_one() -> None:
    _, strides = cells(SIDE_PX, SIDE_PX)
    small, large = (
        set(strides[targets[:, 0] == 1].tolist())
        for targets in (
            detection_targets(BOXES[n : n + 1], LANDMARKS[n : n + 1], NOTHING, SIDE_PX)
            for n in (0, 1)
        )
    )
    assert small == {8.0}
    assert large == {16.0}


def test_an_ignored_place_counts_neither_way_but_a_face_in_it_does() -> None:
    ignored = np.array([[10, 20, 60, 70]], np.float32)
    targets = detection_targets(BOXES[:1], LANDMARKS[:1], ignored, SIDE_PX)
    centres, _ = cells(SIDE_PX, SIDE_PX)
    inside = ((centres > [10, 20]) & (centres < [60, 70])).all(axis=1)
    assert set(targets[inside, 0]) == {-1.0, 1.0}
    assert set(targets[~inside, 0]) == {0.0}


def test_an_image_without_faces_has_no_duty() -> None:
    targets = detection_targets(NOTHING, np.empty((0, 5, 2), np.float32), NOTHING, SIDE_PX)
    assert not targets.any()
