"""Softmax cross-entropy, against its closed form."""

import numpy as np
import pytest
from keras import ops

from facenet_res.losses.cross_entropy import cross_entropy

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 60.0, 1.0]], np.float32)
LABELS = np.array([0, 2, 1], np.int32)


def closed_form(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    values = logits.astype(np.float64)
    logs = values - np.log(np.exp(values).sum(axis=1, keepdims=True))
    return -(target * logs).sum(axis=1)


def found(**options: object) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(cross_entropy(LOGITS, LABELS, **options)))


def test_it_is_minus_the_log_of_the_true_classes_probability() -> None:
    assert found() == pytest.approx(closed_form(LOGITS, np.eye(3)[LABELS]), abs=1e-6)


def test_smoothing_spreads_a_share_of_the_target_over_all_classes() -> None:
    target = 0.9 * np.eye(3)[LABELS] + 0.1 / 3
    assert found(smoothing=0.1) == pytest.approx(closed_form(LOGITS, target), rel=1e-5)


def test_a_class_weight_is_a_factor_on_its_samples() -> None:
    weights = np.array([0.5, 1.0, 3.0], np.float32)
    assert found(class_weights=weights) == pytest.approx(found() * weights[LABELS], rel=1e-6)


def test_a_loss_in_half_precision_is_computed_in_float32() -> None:
    loss = cross_entropy(ops.cast(LOGITS, "bfloat16"), LABELS)
    assert "float32" in str(loss.dtype)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_a_smoothing_out_of_range_is_refused(smoothing: float) -> None:
    with pytest.raises(ValueError, match=r"smoothing must be in \[0, 1\)"):
        cross_entropy(LOGITS, LABELS, smoothing=smoothing)
