"""A network on images with a loss of its own."""

import keras
import numpy as np
from keras import ops

from facenet_res.train.image_learner import PREDICT_BATCH, ImageLearner


def test_it_sees_values_from_minus_one_to_one_and_answers_in_float32() -> None:
    images = keras.Input((2, 2, 3), dtype="float32")
    network = keras.Model(images, keras.layers.Activation("linear", dtype="float16")(images))
    learner = ImageLearner(network, lambda targets, outputs: ops.mean(outputs))
    found = learner.outputs_of(np.array([0, 255], np.uint8).repeat(12).reshape(2, 2, 2, 3))
    assert found.dtype == np.float32
    assert found[0].max() == -1.0
    assert found[1].min() == 1.0


def test_outputs_of_many_images_keep_their_order() -> None:
    images = keras.Input((1, 1, 3))
    learner = ImageLearner(keras.Model(images, keras.layers.Flatten()(images)), lambda t, o: o)
    count = 2 * PREDICT_BATCH - 3
    given = (np.arange(count * 3) % 256).astype(np.uint8).reshape(count, 1, 1, 3)
    found = learner.outputs_of(given)
    assert np.allclose(found * 127.5 + 127.5, given.reshape(count, 3), atol=1e-3)
