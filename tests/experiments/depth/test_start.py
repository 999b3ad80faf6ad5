"""Gradients are measured as they are: against closed forms, and against the theory of depth."""

import keras
import numpy as np
import pytest

from experiments.depth.start import GradientLengths, Start, measure_start
from facenet_res.core.errors import ConfigInvalid
from facenet_res.models.classifier import build_classifier
from facenet_res.models.classifier_config import ClassifierConfig

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(4, 32, 32, 3)).astype(np.float32)
LABELS = np.array([0, 1, 0, 1], np.int32)


def start(depth: int, setting: str, *, is_plain: bool) -> Start:
    keras.utils.set_random_seed(0)
    config = ClassifierConfig(family="cifar_resnet", depth=depth, is_plain=is_plain, classes=2)
    return measure_start(build_classifier(config), setting, IMAGES, LABELS)


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_a_length_is_that_of_the_closed_form_and_nothing_moves(scale: float) -> None:
    # given y = x w and the loss scale * mean(y), whose gradient is scale * mean(x)
    x = RNG.normal(size=(5, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    before = model.get_weights()[0]
    lengths = GradientLengths()
    model.compile(optimizer=lengths, loss=lambda _, y: scale * y[:, 0], run_eagerly=True)

    model.train_on_batch(x, np.zeros(5))

    (found,) = lengths.by_path().values()
    assert found == pytest.approx(scale * np.linalg.norm(x.mean(axis=0)), rel=1e-5)
    np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("is_plain", [True, False])
def test_every_layer_with_weights_has_its_figures(is_plain: bool) -> None:
    found = start(8, "bn", is_plain=is_plain)

    assert (len(found.gradients), len(found.signals), len(found.activations)) == (8, 7, 8)
    assert np.isfinite([found.loss, *found.gradients, *found.signals, *found.activations]).all()
    assert min(found.gradients) > 0


def test_the_gradient_of_the_last_layer_is_that_of_the_cross_entropy() -> None:
    keras.utils.set_random_seed(0)
    config = ClassifierConfig(family="cifar_resnet", depth=8, is_plain=True, classes=2)
    network = build_classifier(config)
    features = keras.Model(network.input, network.get_layer("head_mean").output)
    x, logits = (
        np.asarray(keras.ops.convert_to_numpy(model(IMAGES, training=True)))
        for model in (features, network)
    )

    found = measure_start(network, "bn", IMAGES, LABELS)

    # d loss / d logits = (softmax - one hot) / batch
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gradient = x.T @ (shares - np.eye(2)[LABELS]) / len(x)
    assert found.gradients[-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
    assert found.loss == pytest.approx(-np.log(shares[range(4), LABELS]).mean(), rel=1e-5)
    assert found.activations[-1] == pytest.approx(np.sqrt(np.mean(logits**2)), rel=1e-4)


def test_without_batch_norm_xavier_s_plain_layers_halve_the_square_of_signal_and_picture() -> None:
    found = start(38, "xavier", is_plain=True)

    # 37 layers give the picture on and 36 the gradient back, each by 1/sqrt(2). Chance, padding
    # at the borders and the two places where channels double move the total by a few times.
    assert np.log2(found.activations[36] / found.activations[0]) == pytest.approx(-18, abs=3)
    assert np.log2(found.signals[0] / found.signals[-1]) == pytest.approx(-18, abs=5)


def test_the_skip_carries_signal_and_picture_past_them() -> None:
    found = start(38, "xavier", is_plain=False)

    assert found.activations[36] > 0.5 * found.activations[0]
    assert found.signals[0] > 0.5 * found.signals[-1]


def test_with_batch_norm_the_gradient_of_a_plain_network_grows_toward_the_image() -> None:
    plain, residual = (start(38, "bn", is_plain=is_plain).gradients for is_plain in (True, False))

    assert plain[0] / plain[-2] > 10
    assert residual[0] / residual[-2] < 5


def test_a_setting_that_is_none_is_named() -> None:
    config = ClassifierConfig(family="cifar_resnet", depth=8, classes=2)
    with pytest.raises(ConfigInvalid, match="'orthogonal'"):
        measure_start(build_classifier(config), "orthogonal", IMAGES, LABELS)
