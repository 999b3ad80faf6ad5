"""The convolution that all networks share starts as it is told."""

import keras
import numpy as np
import pytest

from facenet_res.models.blocks import conv


@pytest.mark.parametrize(
    ("initializer", "deviation"), [(None, 0.1), ("he_normal", np.sqrt(2 / (9 * 32)))]
)
def test_a_kernel_starts_as_arcface_s_or_as_named(
    initializer: str | None, deviation: float
) -> None:
    images = keras.Input((8, 8, 32))
    model = keras.Model(images, conv(images, 32, 3, stride=1, name="c", initializer=initializer))

    kernel = np.asarray(model.get_layer("c").kernel)

    assert kernel.std() == pytest.approx(deviation, rel=0.05)
