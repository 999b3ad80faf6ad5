"""What every margin loss must do, checked against its closed form in float64."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest

from facenet_res.losses.adaface import AdaFaceConfig, NormStatistics, adaface_loss
from facenet_res.losses.arcface import arcface_loss
from facenet_res.losses.combined import combined_loss
from facenet_res.losses.cosface import cosface_loss
from facenet_res.losses.curricularface import CurricularFaceConfig, curricularface_loss
from facenet_res.losses.magface import magface_loss
from tests.unit.losses import closed_forms
from tests.unit.losses.closed_forms import Floats, Labels, differences, gradient, values


@dataclass(frozen=True)
class Case:
    """A loss as a function of cosine and labels alone, and the same in NumPy."""

    name: str
    loss: Callable[[Any, Any], Any]
    closed_form: Callable[[Floats, Labels], Floats]


def adaface(cosine: Any, labels: Any, *, norm: float) -> Any:
    """All samples of one quality, among norms of 20 +- 20 that do not move."""
    norms = np.full(len(labels), norm, np.float32)
    statistics = NormStatistics(mean=20.0, stddev=20.0)
    return adaface_loss(cosine, labels, norms, statistics, AdaFaceConfig(ema_weight=0.0))[0]


def curricularface(cosine: Any, labels: Any, *, progress: float) -> Any:
    config = CurricularFaceConfig(ema_weight=0.0)
    return curricularface_loss(cosine, labels, progress, config)[0]


def magface(cosine: Any, labels: Any, *, norm: float) -> Any:
    return magface_loss(cosine, labels, np.full(len(labels), norm, np.float32))


def combined_case(name: str, factor: float, angle: float, amount: float) -> Case:
    options = {"angle_factor": factor, "margin_rad": angle, "cosine_margin": amount}
    return Case(
        name,
        partial(combined_loss, **options),
        partial(closed_forms.combined, margins=(factor, angle, amount)),
    )


def adaface_case(name: str, norm: float) -> Case:
    quality = float(np.clip((norm - 20.0) / 20.001 * 0.333, -1, 1))
    return Case(name, partial(adaface, norm=norm), partial(closed_forms.adaface, quality=quality))


CASES = [
    Case("arcface", arcface_loss, partial(closed_forms.combined, margins=(1.0, 0.5, 0.0))),
    Case("cosface", cosface_loss, partial(closed_forms.combined, margins=(1.0, 0.0, 0.4))),
    combined_case("softmax", 1.0, 0.0, 0.0),
    combined_case("combined", 1.0, 0.3, 0.2),
    combined_case("combined with a smaller angle", 0.9, 0.4, 0.15),
    combined_case("sphereface", 4.0, 0.0, 0.0),
    adaface_case("adaface, sharp", 90.0),
    adaface_case("adaface, ordinary", 21.0),
    adaface_case("adaface, poor", 5.0),
    Case(
        "magface",
        partial(magface, norm=60.0),
        lambda cosine, labels: closed_forms.magface(cosine, labels, np.full(len(labels), 60.0)),
    ),
    Case(
        "curricularface",
        partial(curricularface, progress=0.3),
        partial(closed_forms.curricularface, progress=0.3),
    ),
]
each_loss = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def batch(seed: int = 0, samples: int = 16, classes: int = 7) -> tuple[np.ndarray, Labels]:
    """Cosines over the whole range but for the ends, true and false classes alike."""
    rng = np.random.default_rng(seed)
    cosine = rng.uniform(-0.97, 0.97, (samples, classes)).astype(np.float32)
    return cosine, rng.integers(0, classes, samples).astype(np.int32)


@each_loss
def test_equals_the_closed_form(case: Case) -> None:
    cosine, labels = batch()

    got = values(case.loss(cosine, labels))

    expected = case.closed_form(cosine.astype(np.float64), labels)
    assert got.shape == labels.shape
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)


@each_loss
def test_the_gradient_is_that_of_the_closed_form(case: Case) -> None:
    cosine, labels = batch(seed=1)

    got = gradient(lambda cosine: case.loss(cosine, labels), cosine)

    expected = differences(lambda cosine: case.closed_form(cosine, labels), cosine)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=5e-3)


@each_loss
def test_never_falls_as_the_angle_to_the_true_centre_grows(case: Case) -> None:
    true = np.cos(np.linspace(0, np.pi, 1001))
    rivals = np.broadcast_to([0.0, -0.3], (1001, 2))
    cosine = np.column_stack([true, rivals]).astype(np.float32)

    got = values(case.loss(cosine, np.zeros(1001, np.int32)))

    # Against the rounding of a loss of about 100.
    assert (np.diff(got) >= -5e-5).all()
    assert got[-1] - got[0] > 32


@each_loss
@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32"])
def test_loss_and_gradient_are_finite_at_the_ends_of_the_cosine(case: Case, precision: str) -> None:
    # Just beyond the ends too: products of unit vectors round to there.
    ends = np.array([-1.01, -1.0, np.nextafter(-1.0, 0), 0.0, np.nextafter(1.0, 0), 1.0, 1.01])
    true, rival = (grid.ravel().astype(np.float32) for grid in np.meshgrid(ends, ends))
    cosine, labels = np.column_stack([true, rival]), np.zeros(len(true), np.int32)

    def loss(cosine: Any) -> Any:
        return case.loss(keras.ops.cast(cosine, precision), labels)

    assert np.isfinite(values(loss(cosine))).all()
    assert np.isfinite(gradient(loss, cosine)).all()


@each_loss
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_costs_no_more_than_the_rounding_of_the_input(
    case: Case, precision: str
) -> None:
    cosine, labels = batch(seed=2)
    rounded = keras.ops.cast(cosine, precision)

    got = case.loss(rounded, labels)

    assert keras.backend.standardize_dtype(got.dtype) == "float32"
    expected = case.loss(keras.ops.cast(rounded, "float32"), labels)
    np.testing.assert_array_equal(values(got), values(expected))


@each_loss
def test_a_sample_without_an_identity_costs_nothing_and_teaches_nothing(case: Case) -> None:
    cosine, labels = batch(seed=3)
    labels[::2] = -1

    losses = values(case.loss(cosine, labels))

    assert (losses[::2] == 0).all()
    assert (losses[1::2] > 0).any()
    assert (gradient(lambda cosine: case.loss(cosine, labels), cosine)[::2] == 0).all()


@each_loss
def test_a_sample_costs_the_same_alone_and_in_company(case: Case) -> None:
    cosine, labels = batch(seed=4)

    together = values(case.loss(cosine, labels))

    alone = [values(case.loss(cosine[[i]], labels[[i]]))[0] for i in range(len(labels))]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


@each_loss
def test_a_single_class_is_no_task(case: Case) -> None:
    cosine = np.full((2, 1), 0.3, np.float32)
    labels = np.zeros(2, np.int32)

    slopes = gradient(lambda cosine: case.loss(cosine, labels), cosine)

    assert (slopes == 0).all()
