"""The learning rate rises, falls as it is told, and ends at nothing."""

import math
from typing import Any

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ConfigInvalid
from facenet_res.train.optimizer import Growth, WarmupDecay, make_optimizer
from facenet_res.train.optimizer_config import OptimizerConfig


def rates(schedule: Any, steps: int) -> np.ndarray:
    return np.array([float(schedule(step)) for step in range(steps)])


def test_linear_is_that_of_arcface() -> None:
    got = rates(WarmupDecay(0.4, 4, 20), 20)

    np.testing.assert_allclose(got[:4], [0.1, 0.2, 0.3, 0.4], rtol=1e-6)
    np.testing.assert_allclose(np.diff(got[4:]), -0.4 / 16, rtol=1e-4)
    assert got[-1] == pytest.approx(0.4 / 16)


def test_cosine_is_flat_at_both_ends_and_half_in_the_middle() -> None:
    got = rates(WarmupDecay(1.0, 1, 101, "cosine"), 101)

    expected = 0.5 + 0.5 * np.cos(np.pi * (np.arange(1, 101)) / 100)
    np.testing.assert_allclose(got[1:], np.append(1.0, expected[:-1])[:100], atol=0.02)
    assert (np.diff(got[1:]) <= 1e-6).all()


def test_growth_is_by_one_factor_and_ends_where_it_should() -> None:
    got = rates(Growth(1e-4, 1.0, 5), 5)

    np.testing.assert_allclose(got, [1e-4, 1e-3, 1e-2, 1e-1, 1.0], rtol=1e-4)


def test_schedules_come_back_from_their_config() -> None:
    for schedule in (WarmupDecay(0.4, 4, 20, "cosine"), Growth(1e-4, 1.0, 5)):
        again = type(schedule)(**schedule.get_config())
        np.testing.assert_array_equal(rates(again, 5), rates(schedule, 5))


@pytest.mark.parametrize("accumulate", [1, 2])
def test_sgd_adds_the_decay_to_the_clipped_gradient_before_the_momentum(accumulate: int) -> None:
    weight = keras.Variable(np.array([3.0, -4.0], np.float32))
    config = OptimizerConfig(
        learning_rate=0.1, weight_decay=0.5, gradient_norm_max=1.0, accumulate=accumulate
    )
    optimizer = make_optimizer(config, 100, 0.1)
    optimizer.build([weight])
    gradient = np.array([0.0, 8.0], np.float32)
    # PyTorch's SGD: the decay joins the gradient, and the momentum gathers both.
    expected, velocity = np.array([3.0, -4.0]), np.zeros(2)
    for _ in range(3):
        velocity = 0.9 * velocity + gradient / 8 + 0.5 * expected
        expected = expected - 0.1 * velocity

    for _ in range(3 * accumulate):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])

    np.testing.assert_allclose(keras.ops.convert_to_numpy(weight.value), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "lion"}, "'lion'"),
        ({"schedule": "step"}, "'step'"),
        ({"accumulate": 0}, "got 0"),
        ({"ema": 1.0}, r"\[0, 1\), got 1\.0"),
        ({"learning_rate": 0.0}, "positive learning rate"),
        ({"learning_rate": math.nan}, "all of them finite"),
        ({"weight_decay": math.inf}, "all of them finite"),
    ],
)
def test_an_optimiser_out_of_range_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        OptimizerConfig(**settings)
