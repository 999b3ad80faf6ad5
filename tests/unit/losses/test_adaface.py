"""AdaFace's margin follows the norm, and its statistics follow the batches."""

import math

import numpy as np
import pytest

from facenet_res.losses.adaface import AdaFaceConfig, NormStatistics, adaface_loss
from tests.unit.losses.closed_forms import adaface, gradient, values

COSINE = np.array([[0.5, 0.3, 0.1], [0.2, -0.4, 0.6], [0.9, 0.8, -0.2]], np.float32)
LABELS = np.array([0, 2, 1], np.int32)
STEADY = AdaFaceConfig(ema_weight=0.0)


def test_each_sample_is_judged_by_its_own_quality() -> None:
    norms = np.array([1.0, 20.0, 95.0], np.float32)

    got, _ = adaface_loss(COSINE, LABELS, norms, NormStatistics(20.0, 20.0), STEADY)

    expected = [
        adaface(COSINE[[row]].astype(np.float64), LABELS[[row]], quality)[0]
        for row, quality in enumerate([-19 / 20.001 * 0.333, 0.0, 1.0])
    ]
    np.testing.assert_allclose(values(got), expected, rtol=1e-5, atol=1e-5)


def test_the_statistics_move_by_the_weight_and_judge_the_batch_at_once() -> None:
    norms = np.array([10.0, 20.0, 60.0], np.float32)
    config = AdaFaceConfig(ema_weight=0.25)

    got, moved = adaface_loss(COSINE, LABELS, norms, NormStatistics(), config)

    mean, stddev = 0.25 * 30 + 0.75 * 20, 0.25 * np.std(norms, ddof=1) + 0.75 * 100
    np.testing.assert_allclose(values(moved.mean), mean, rtol=1e-6)
    np.testing.assert_allclose(values(moved.stddev), stddev, rtol=1e-6)
    same, _ = adaface_loss(COSINE, LABELS, norms, NormStatistics(mean, stddev), STEADY)
    np.testing.assert_allclose(values(got), values(same), rtol=1e-5)


def test_nothing_is_remembered_between_calls() -> None:
    norms = np.array([10.0, 20.0, 60.0], np.float32)

    first = adaface_loss(COSINE, LABELS, norms, NormStatistics())
    again = adaface_loss(COSINE, LABELS, norms, NormStatistics())

    np.testing.assert_array_equal(values(first[0]), values(again[0]))
    assert float(first[1].mean) == float(again[1].mean)


@pytest.mark.parametrize("norm", [0.0, 1e-6, 1e6, math.inf])
def test_a_lone_sample_of_an_extreme_norm_is_finite(norm: float) -> None:
    norms = np.array([norm], np.float32)

    got, moved = adaface_loss(COSINE[:1], LABELS[:1], norms, NormStatistics())

    assert np.isfinite(values(got)).all()
    assert np.isfinite([float(moved.mean), float(moved.stddev)]).all()


def test_half_precision_norms_do_not_overflow() -> None:
    norms = np.full(3, 300.0, np.float16)

    got, moved = adaface_loss(COSINE, LABELS, norms, NormStatistics())

    assert np.isfinite(values(got)).all()
    np.testing.assert_allclose(values(moved.mean), 0.01 * 100 + 0.99 * 20, rtol=1e-6)


def test_quality_is_read_and_not_trained() -> None:
    def loss(norms: object) -> object:
        # Zero times the norms, so that there is a gradient to be 0.
        losses, _ = adaface_loss(COSINE, LABELS, norms, NormStatistics(20.0, 20.0), STEADY)
        return losses + 0.0 * norms

    slopes = gradient(loss, np.array([10.0, 20.0, 30.0], np.float32))

    assert (slopes == 0).all()


@pytest.mark.parametrize(
    "fault", [{"margin": 1.6}, {"concentration": 0.0}, {"ema_weight": 1.1}, {"scale": 0.0}]
)
def test_a_setting_out_of_range_is_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(fault)).replace("margin", "margin_rad")):
        AdaFaceConfig(**fault)
