"""Seeds of one network go together; means are of what they say."""

import dataclasses

import numpy as np
import pytest

from experiments.depth.record import Record
from experiments.depth.start import Start
from experiments.depth.summary import Band, summarise, window_steps
from facenet_res.train.environment import Environment


def record(depth: int, seed: int, losses: list[float], gradients: list[float]) -> Record:
    return Record(
        settings={
            "family": "cifar_resnet",
            "depth": depth,
            "is_plain": True,
            "identities": 10,
            "seed": seed,
        },
        data_sha256="ab",
        starts={"bn": Start(2.3, gradients, gradients[1:], gradients)},
        losses=losses,
        train_s=2.0,
        date="2026-11-25",
        environment=Environment("a machine", {}),
    )


def test_seeds_go_together_and_networks_keep_their_order() -> None:
    records = [record(depth, seed, [1.0, 1.0], [1.0, 2.0]) for seed in (0, 1) for depth in (20, 8)]

    measured = summarise(records)

    assert [(each.name, len(each.records)) for each in measured] == [
        ("cifar-plain20", 2),
        ("cifar-plain8", 2),
    ]
    assert measured[0].label == "plain, 20 layers"
    assert measured[0].step_s == pytest.approx(1.0)


def test_gradients_are_averaged_by_their_logarithms_and_the_band_spans_the_seeds() -> None:
    (both,) = summarise(
        [record(8, 0, [1.0, 1.0], [1e-8, 1.0]), record(8, 1, [1.0, 1.0], [1e-4, 1.0])]
    )

    band = both.gradients("bn")

    np.testing.assert_allclose(band.middle, [1e-6, 1.0])
    np.testing.assert_allclose((band.low[0], band.high[0]), (1e-8, 1e-4))
    assert band.growth == pytest.approx(1e-6)


def test_a_factor_is_the_growth_of_one_layer() -> None:
    values = 2.0 ** np.arange(5, 0, -1)
    assert Band(values, values, values).factor == pytest.approx(2.0)


def test_losses_are_running_means_over_at_most_twenty_steps() -> None:
    losses = [float(step) for step in range(100)]

    (one,) = summarise([record(8, 0, losses, [1.0, 1.0])])

    np.testing.assert_allclose(one.losses().middle, np.arange(81) + 9.5)
    assert [window_steps(steps) for steps in (1, 2, 5, 100)] == [1, 1, 2, 20]


def test_a_figure_that_is_not_finite_stays_so() -> None:
    one = record(8, 0, [1.0, 1.0], [float("nan"), 1.0])

    (measured,) = summarise([one, dataclasses.replace(one)])

    assert np.isnan(measured.gradients("bn").middle[0])
