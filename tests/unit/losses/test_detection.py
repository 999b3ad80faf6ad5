"""The loss of an anchor-free detector."""

import numpy as np
import pytest
from keras import ops

from facenet_res.core.cells import OUTPUTS
from facenet_res.losses.detection import BOX_WEIGHT, LANDMARK_WEIGHT, detection_loss


def loss(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(ops.convert_to_numpy(detection_loss(targets[None], outputs[None])))


def perfect() -> tuple[np.ndarray, np.ndarray]:
    """Four cells: a face, two without, and one that does not count; outputs that are right."""
    targets = np.zeros((4, OUTPUTS), np.float32)
    targets[0] = [1, 1.0, 2.0, 3.0, 2.0, *np.linspace(-1, 1, 10)]
    targets[3, 0] = -1
    outputs = np.zeros((4, OUTPUTS), np.float32)
    outputs[:, 0] = [20, -20, -20, 20]
    outputs[0, 1:5] = np.log(targets[0, 1:5])
    outputs[0, 5:] = targets[0, 5:]
    return targets, outputs


def test_right_outputs_cost_nothing() -> None:
    assert loss(*perfect()) == pytest.approx(0.0, abs=1e-4)


def test_a_cell_that_does_not_count_costs_nothing_whatever_it_says() -> None:
    targets, outputs = perfect()
    outputs[3] = 5.0
    assert loss(targets, outputs) == pytest.approx(0.0, abs=1e-4)


def test_a_box_of_half_the_height_costs_what_giou_says() -> None:
    targets, outputs = perfect()
    # Bottom moves up from 2 to 0: IoU 1/2, and the box around both is the larger one.
    outputs[0, 4] = -30.0
    outputs[0, 0] = 0.0  # The score's aim is the overlap, which a logit of 0 meets.
    found = loss(targets, outputs)
    assert found == pytest.approx(BOX_WEIGHT * 0.5, abs=1e-3)


def test_landmarks_cost_their_error_as_a_share_of_the_boxs_size() -> None:
    targets, outputs = perfect()
    outputs[0, 5:] += 0.4
    # Width 4 and height 4 strides.
    assert loss(targets, outputs) == pytest.approx(LANDMARK_WEIGHT * 0.4 / 4.0, abs=1e-3)


def test_a_false_detection_costs() -> None:
    targets, outputs = perfect()
    outputs[1, 0] = 3.0
    assert loss(targets, outputs) > 1.0


def test_an_image_without_faces_has_a_finite_loss() -> None:
    targets, outputs = perfect()
    targets[0] = 0
    assert 0 < loss(targets, outputs) < 100
