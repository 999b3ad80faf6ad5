"""CosFace is the combined margin with a cosine alone; the contract suite does the rest."""

import math

import numpy as np
import pytest

from facenet_res.losses.combined import combined_loss
from facenet_res.losses.cosface import cosface_loss
from tests.unit.losses.closed_forms import values

LABELS = np.zeros(1, np.int32)


def test_is_the_combined_margin_with_a_cosine_alone() -> None:
    cosine = np.array([[0.4, 0.1, -0.7]], np.float32)

    got = cosface_loss(cosine, LABELS, cosine_margin=0.35)

    expected = combined_loss(cosine, LABELS, margin_rad=0.0, cosine_margin=0.35)
    np.testing.assert_array_equal(values(got), values(expected))


def test_a_lead_of_the_margin_is_an_even_chance() -> None:
    cosine = np.array([[0.7, 0.3]], np.float32)

    got = values(cosface_loss(cosine, LABELS, cosine_margin=0.4))

    np.testing.assert_allclose(got, math.log(2), rtol=1e-5)


@pytest.mark.parametrize("cosine_margin", [-0.1, 2.0, math.nan])
def test_a_margin_out_of_range_is_refused(cosine_margin: float) -> None:
    with pytest.raises(ValueError, match="cosine_margin"):
        cosface_loss(np.zeros((1, 2), np.float32), LABELS, cosine_margin=cosine_margin)
