"""The fused layers of the PyTorch backend compute what Keras' own do."""

import importlib.util
import os
import subprocess
import sys

import pytest

COMPARISON = """
import keras, numpy as np
from facenet_res.models.layers import BatchNorm, PReLU
x = np.random.default_rng(0).normal(2.0, 3.0, (4, 6, 5, 8)).astype("float32")
tensor = keras.ops.convert_to_tensor(x)
for ours, theirs in ((BatchNorm(), keras.layers.BatchNormalization(momentum=0.9)),
                     (PReLU(shared_axes=[1, 2]), keras.layers.PReLU(shared_axes=[1, 2]))):
    if isinstance(ours, BatchNorm):
        ours.momentum = 0.9
    for layer in (ours, theirs):
        layer.build(x.shape)
        for number, weight in enumerate(layer.trainable_weights):
            rng = np.random.default_rng(number)
            weight.assign(rng.uniform(0.1, 0.9, weight.shape).astype("float32"))
    options = {"training": True} if isinstance(ours, BatchNorm) else {}
    got, expected = (keras.ops.convert_to_numpy(layer(tensor, **options).detach())
                     for layer in (ours, theirs))
    np.testing.assert_allclose(got, expected, atol=1e-4)
    n = x.size // x.shape[-1]
    for one, other in zip(ours.non_trainable_weights, theirs.non_trainable_weights):
        # PyTorch's variance is the unbiased one: larger by n / (n - 1).
        np.testing.assert_allclose(np.array(one.value), np.array(other.value), rtol=1.5 / n)
"""


MEMORY = """
import keras, numpy as np
from facenet_res.models.layers import AveragePooling2D, Conv2D, MaxPooling2D
x = np.random.default_rng(0).normal(size=(2, 9, 9, 4)).astype("float32")
tensor = keras.ops.convert_to_tensor(x)
own = keras.layers
for ours, theirs in [
    (kind(8, size, strides=stride, padding=padding, use_bias=False)
     for kind in (Conv2D, own.Conv2D))
    for size, stride, padding in ((3, 1, "same"), (3, 2, "valid"), (1, 1, "valid"),
                                  (7, 2, "valid"), (3, 2, "same"))
] + [
    (MaxPooling2D(3, strides=2), own.MaxPooling2D(3, strides=2)),
    (AveragePooling2D(2, strides=2), own.AveragePooling2D(2, strides=2)),
]:
    got, expected = ours(tensor), theirs(tensor)
    if ours.weights:
        theirs.kernel.assign(ours.kernel)
        expected = theirs(tensor)
    got, expected = (keras.ops.convert_to_numpy(each) for each in (got, expected))
    np.testing.assert_allclose(got, expected, atol=1e-5)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs PyTorch: the extra `torch`"
)
@pytest.mark.parametrize("comparison", [COMPARISON, MEMORY])
def test_layers_equal_keras_own(comparison: str) -> None:
    environment = {**os.environ, "KERAS_BACKEND": "torch"}

    done = subprocess.run(
        [sys.executable, "-c", comparison], env=environment, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
