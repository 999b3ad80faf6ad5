"""CurricularFace weighs hard rivals by the progress, which follows the true cosines."""

import numpy as np
import pytest

from facenet_res.losses.curricularface import CurricularFaceConfig, curricularface_loss
from tests.unit.losses.closed_forms import curricularface, gradient, values

COSINE = np.array([[0.5, 0.3, 0.1], [0.2, -0.4, 0.6], [0.9, 0.8, -0.2]], np.float32)
LABELS = np.array([0, 2, 1], np.int32)


def test_the_progress_moves_to_the_mean_true_cosine_and_judges_the_batch_at_once() -> None:
    config = CurricularFaceConfig(ema_weight=0.25)

    got, moved = curricularface_loss(COSINE, LABELS, 0.4, config)

    progress = 0.25 * (0.5 + 0.6 + 0.8) / 3 + 0.75 * 0.4
    np.testing.assert_allclose(values(moved), progress, rtol=1e-6)
    expected = curricularface(COSINE.astype(np.float64), LABELS, progress)
    np.testing.assert_allclose(values(got), expected, rtol=1e-5, atol=1e-5)


def test_samples_without_an_identity_do_not_move_the_progress() -> None:
    some = curricularface_loss(COSINE, np.array([0, -1, -1], np.int32), 0.0)[1]
    none = curricularface_loss(COSINE, np.array([-1, -1, -1], np.int32), 0.3)[1]

    np.testing.assert_allclose(values(some), 0.01 * 0.5, rtol=1e-6)
    np.testing.assert_allclose(values(none), 0.3, rtol=1e-6)


def test_the_progress_is_read_and_not_trained() -> None:
    slopes = gradient(
        lambda cosine: curricularface_loss(cosine, LABELS, 0.0)[1] + 0.0 * cosine, COSINE
    )

    assert (slopes == 0).all()


@pytest.mark.parametrize(("progress", "weighs_more"), [(0.0, False), (1.0, True)])
def test_a_hard_rival_weighs_little_at_first_and_much_later(
    progress: float, weighs_more: bool
) -> None:
    labels = np.zeros(1, np.int32)
    config = CurricularFaceConfig(ema_weight=0.0, margin_rad=0.0)

    def loss(true: float) -> float:
        cosine = np.array([[true, 0.5]], np.float32)
        return float(values(curricularface_loss(cosine, labels, progress, config)[0])[0])

    # The step where the rival at 0.5 turns hard, and which the docstring owns up to.
    assert (loss(0.4999) > loss(0.5001)) is weighs_more


@pytest.mark.parametrize("fault", [{"margin_rad": 1.6}, {"ema_weight": -0.1}, {"scale": 0.0}])
def test_a_setting_out_of_range_is_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fault))):
        CurricularFaceConfig(**fault)
