"""One step of training: forward, loss, gradient, update, on any Keras backend.

Keras' own `train_on_batch` differentiates and updates on TensorFlow, JAX and
PyTorch alike; all that is ours is the network with its class centres, and the
loss.
"""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.types import Embeddings, Faces
from facenet_res.losses.arcface import arcface_loss
from facenet_res.losses.centers import class_cosine, unit_rows
from facenet_res.losses.distillation import embedding_distance
from facenet_res.train.config import LossConfig

CENTRE = 127.5
CENTRES_STDDEV = 0.01


class Learner(keras.Model):
    """An embedding network, a centre for each identity, and the loss over both.

    Call: uint8[B, 112, 112, 3] RGB -> float32[B, D], rows of unit length.
    """

    def __init__(self, network: keras.Model, classes: int, loss: LossConfig) -> None:
        """Joins a network and fresh class centres.

        Args:
            network: of `models.build.build_model`.
            classes: number of identities, >= 1.
            loss: weights and margin.
        """
        super().__init__(name="learner")
        self.network = network
        self.loss_config = loss
        self.centres = self.add_weight(
            name="centres",
            shape=(classes, network.output_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=CENTRES_STDDEV),
            dtype="float32",
        )
        self.arcface_mean = keras.metrics.Mean(name="arcface")
        self.teacher_mean = keras.metrics.Mean(name="teacher_cosine")

    def call(self, faces: Any, training: bool | None = None) -> Any:
        """uint8[B, 112, 112, 3] -> float32[B, D]."""
        x = (ops.cast(faces, "float32") - CENTRE) / CENTRE
        return unit_rows(self.network(x, training=training))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean over labelled crops of ArcFace, plus the mean distance to the teacher."""
        config = self.loss_config
        total = 0.0
        if config.arcface_weight:
            # float32 whatever the policy: 64 times a bfloat16 cosine is off by a quarter.
            cosine = class_cosine(y_pred, ops.convert_to_tensor(self.centres))
            labels = ops.convert_to_tensor(y["labels"])
            losses = arcface_loss(cosine, labels, margin_rad=config.margin_rad, scale=config.scale)
            labelled = ops.maximum(ops.sum(ops.cast(labels >= 0, "float32")), 1.0)
            arcface = ops.sum(losses) / labelled
            self.arcface_mean.update_state(arcface)
            total = total + config.arcface_weight * arcface
        if config.distillation_weight:
            distance = ops.mean(embedding_distance(y_pred, ops.convert_to_tensor(y["teacher"])))
            self.teacher_mean.update_state(1.0 - distance)
            total = total + config.distillation_weight * distance
        return total

    def learn(
        self, faces: Faces, labels: NDArray[np.int32], teacher: Embeddings | None
    ) -> dict[str, float]:
        """One step.

        Args:
            faces: uint8[B, 112, 112, 3] RGB.
            labels: int32[B], -1 without identity.
            teacher: float32[B, D] of unit length, or None without distillation.

        Returns:
            Means since the last `reset_metrics`: "loss", "arcface", "teacher_cosine".
        """
        targets: dict[str, NDArray[Any]] = {"labels": labels}
        if teacher is not None:
            targets["teacher"] = teacher
        means = self.train_on_batch(faces, targets, return_dict=True)
        return {name: float(value) for name, value in means.items()}
