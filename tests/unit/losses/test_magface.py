"""MagFace's margin grows with the norm, and its gradient pulls at the norm."""

import numpy as np
import pytest

from facenet_res.losses.magface import MagFaceConfig, magface_loss
from tests.unit.losses.closed_forms import differences, gradient, magface, values

COSINE = np.array([[0.5, 0.3, 0.1], [0.2, -0.4, 0.6], [0.9, 0.8, -0.2]], np.float32)
LABELS = np.array([0, 2, 1], np.int32)


@pytest.mark.parametrize("norms", [[10, 60, 110], [0, 5, 500], [20.5, 33, 90]])
def test_equals_the_closed_form_at_any_norm(norms: list[float]) -> None:
    got = magface_loss(COSINE, LABELS, np.array(norms, np.float32))

    expected = magface(COSINE.astype(np.float64), LABELS, np.array(norms))
    np.testing.assert_allclose(values(got), expected, rtol=1e-5, atol=1e-5)


def test_the_gradient_of_the_norm_is_that_of_the_closed_form_and_zero_outside() -> None:
    norms = np.array([5.0, 50.0, 200.0], np.float32)

    got = gradient(lambda norms: magface_loss(COSINE, LABELS, norms), norms)

    cosine = COSINE.astype(np.float64)
    expected = differences(lambda norms: magface(cosine, LABELS, norms), norms)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)
    assert got[0] == got[2] == 0


def test_an_easy_face_is_drawn_to_a_long_embedding_and_a_hard_one_to_a_short() -> None:
    cosine = np.array([[0.99, -0.5], [0.3, 0.5]], np.float32)
    labels = np.zeros(2, np.int32)

    slopes = gradient(
        lambda norms: magface_loss(cosine, labels, norms), np.full(2, 60.0, np.float32)
    )

    assert slopes[0] < 0 < slopes[1]


def test_without_an_identity_the_norm_is_left_alone() -> None:
    norms = np.array([60.0, 60.0, 60.0], np.float32)
    labels = np.array([-1, -1, -1], np.int32)

    assert (values(magface_loss(COSINE, labels, norms)) == 0).all()
    assert (gradient(lambda norms: magface_loss(COSINE, labels, norms), norms) == 0).all()


@pytest.mark.parametrize(
    "fault",
    [
        {"norm_min": 0.0},
        {"norm_max": 10.0},
        {"margin_rad_min": 0.9},
        {"margin_rad_max": 1.6},
        {"regulariser_weight": -1.0},
        {"scale": 0.0},
    ],
)
def test_a_setting_out_of_range_is_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fault))):
        MagFaceConfig(**fault)
