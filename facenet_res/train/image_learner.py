"""A network on images and a loss on whatever it returns: what `epochs` trains."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from facenet_res.train.learner import CENTRE

PREDICT_BATCH = 128


class ImageLearner(keras.Model):
    """Call: uint8[B, H, W, 3] RGB -> the network's outputs in float32, of (value - 127.5) / 127.5.

    `train.learner.Learner` is the one for faces, with class centres and teachers.
    """

    def __init__(self, network: keras.Model, loss: Callable[[Any, Any], Any]) -> None:
        """Joins a network and its loss.

        Args:
            network: takes float[B, H, W, 3].
            loss: of targets and outputs, both as the batches and the network have them, to one
                number in float32.
        """
        super().__init__(name="image_learner")
        self.network = network
        self._loss_of = loss

    def call(self, images: Any, training: bool | None = None) -> Any:
        """uint8[B, H, W, 3] -> the network's outputs."""
        x = (ops.cast(images, "float32") - CENTRE) / CENTRE
        outputs = self.network(x, training=training)
        return tree.map_structure(lambda each: ops.cast(each, "float32"), outputs)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss that was given."""
        return self._loss_of(tree.map_structure(ops.convert_to_tensor, y), y_pred)

    def outputs_of(self, images: NDArray[np.uint8]) -> Any:
        """The outputs for all images, in batches and without a gradient, as NumPy arrays."""
        parts = [
            self.predict_on_batch(images[start : start + PREDICT_BATCH])
            for start in range(0, len(images), PREDICT_BATCH)
        ]
        return tree.map_structure(lambda *each: np.concatenate(each), *parts)
