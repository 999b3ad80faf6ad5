"""The cells of a detector's maps."""

import numpy as np
import pytest

from facenet_res.core.cells import OUTPUTS, cells, decoded


def test_cells_cover_the_image_evenly() -> None:
    centres, strides = cells(64, 96)
    assert len(centres) == 8 * 12 + 4 * 6 + 2 * 3 == len(strides)
    for stride in (8, 16, 32):
        own = centres[strides == stride]
        # Pixels are 0 to 95 and 0 to 63: the mean of all centres is the image's middle.
        assert own.mean(axis=0) == pytest.approx([47.5, 31.5])
        assert own.min(axis=0) == pytest.approx([(stride - 1) / 2] * 2)


def test_outputs_of_zero_are_a_box_of_two_strides_around_each_cell() -> None:
    boxes, scores, landmarks = decoded(np.zeros((84, OUTPUTS), np.float32), 64, 64)
    centres, strides = cells(64, 64)
    assert (boxes[:, 2] - boxes[:, 0]) == pytest.approx(2 * strides)
    assert scores == pytest.approx(0.5)
    assert landmarks[:, 2] == pytest.approx(centres)


def test_outputs_without_bound_stay_finite() -> None:
    boxes, scores, _ = decoded(np.full((84, OUTPUTS), 1e4, np.float32), 64, 64)
    assert np.isfinite(boxes).all()
    assert scores.max() <= 1.0
