"""One step of training: forward, loss, gradient, update, on any Keras backend.

Keras' own `train_on_batch` differentiates and updates on TensorFlow, JAX and
PyTorch alike; all that is ours is the network with its class centres, and the
loss.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.arrays import unit_norm
from facenet_res.core.types import Embeddings, Faces
from facenet_res.losses.centers import unit_rows
from facenet_res.losses.distillation import embedding_distance
from facenet_res.losses.partial_fc import sample_centres
from facenet_res.train.devices import sharing_devices
from facenet_res.train.loss_config import LossConfig
from facenet_res.train.margin_head import MarginHead

CENTRE = 127.5


class Learner(keras.Model):
    """An embedding network, the head of its margin loss, and a map for each teacher but one.

    Call: uint8[B, 112, 112, 3] RGB -> float32[B, D], not of unit length.
    """

    def __init__(
        self,
        network: keras.Model,
        classes: int,
        loss: LossConfig,
        teacher_dims: Sequence[int] = (),
    ) -> None:
        """Joins a network, fresh class centres and fresh maps.

        Args:
            network: of `models.build.build_model`.
            classes: number of identities, >= 1.
            loss: what is minimised.
            teacher_dims: length of each teacher's embedding.
        """
        super().__init__(name="learner")
        dim = int(network.output_shape[-1])
        self.network = network
        self.loss_config = loss
        self.classes = classes
        # Without a margin loss there would be centres that nothing moves.
        self.head = MarginHead(loss, classes, dim) if loss.weight else None
        direct = direct_teacher(dim, teacher_dims)
        self.maps = [
            None if number == direct else _linear_map(dim, length, number)
            for number, length in enumerate(teacher_dims)
        ]
        self.margin_mean = keras.metrics.Mean(name="margin")
        self.teacher_mean = keras.metrics.Mean(name="teacher_cosine")

    def call(self, faces: Any, training: bool | None = None) -> Any:
        """uint8[B, 112, 112, 3] -> float32[B, D]."""
        x = (ops.cast(faces, "float32") - CENTRE) / CENTRE
        return ops.cast(self.network(x, training=training), "float32")

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean margin loss of the crops that have one, plus the distances to the teachers."""
        config = self.loss_config
        # PyTorch's trainer hands on what it got.
        targets = {name: ops.convert_to_tensor(value) for name, value in y.items()}
        total = 0.0
        if self.head is not None:
            labels = targets["labels"]
            losses = self.head.losses_of(y_pred, labels, targets.get("sampled"))
            labelled = ops.maximum(ops.sum(ops.cast(labels >= 0, "float32")), 1.0)
            margin = ops.sum(losses) / labelled
            self.margin_mean.update_state(margin)
            total = total + config.weight * margin
        if config.distillation_weight:
            distances = [
                ops.mean(embedding_distance(self._seen_by(number, y_pred), targets[name]))
                for number, name in enumerate(teacher_names(len(self.maps)))
            ]
            weights = config.teacher_weights or (1.0,) * len(distances)
            weighted = [w * each for w, each in zip(weights, distances, strict=True)]
            distance = sum(weighted[1:], weighted[0]) / sum(weights)
            self.teacher_mean.update_state(1.0 - distance)
            total = total + config.distillation_weight * distance
        return total

    def learn(
        self,
        faces: Faces,
        labels: NDArray[np.int32],
        teachers: Sequence[Embeddings],
        rng: np.random.Generator,
    ) -> dict[str, float]:
        """One step.

        Args:
            faces: uint8[B, 112, 112, 3] RGB, of NumPy or of the Keras backend.
            labels: int32[B], -1 without identity.
            teachers: float32[B, D] of unit length each, as many as there are teachers.
            rng: draws the classes of the step, where `centre_share` is below 1.

        Returns:
            Means since the last `reset_metrics`: "loss", "margin", "teacher_cosine".
        """
        targets: dict[str, Any] = {"labels": labels}
        if self.head is not None and self.loss_config.centre_share < 1:
            share, devices = self.loss_config.centre_share, sharing_devices()
            sample = sample_centres(labels, self.classes, share, rng, multiple=devices)
            targets = {"labels": sample.labels, "sampled": sample.classes}
        targets.update(zip(teacher_names(len(teachers)), teachers, strict=True))
        means = self.train_on_batch(faces, targets, return_dict=True)
        return {name: float(value) for name, value in means.items()}

    def embed(self, faces: Faces) -> Embeddings:
        """uint8[B, 112, 112, 3] -> float32[B, D] of unit length, without a gradient.

        Not by a plain call: on PyTorch that keeps every feature map for a gradient.
        """
        # Devices share a batch in equal parts: the last one of a set is filled up.
        missing = -len(faces) % sharing_devices()
        whole = np.concatenate([faces, np.repeat(faces[-1:], missing, axis=0)])
        return unit_norm(np.asarray(self.predict_on_batch(whole), np.float32)[: len(faces)])

    def _seen_by(self, number: int, embeddings: Any) -> Any:
        translate = self.maps[number]
        return unit_rows(embeddings if translate is None else translate(embeddings))


def teacher_names(count: int) -> list[str]:
    """What the targets call the teachers' answers."""
    return [f"teacher{number}" for number in range(count)]


def direct_teacher(dim: int, teacher_dims: Sequence[int]) -> int | None:
    """Which teacher is met in the student's own space: the first of its length.

    The spaces of two networks have nothing to do with each other, so that a student that met both
    would be drawn to two places for one face. None where no teacher is of the length `dim`.
    """
    return next((number for number, length in enumerate(teacher_dims) if length == dim), None)


def _linear_map(dim: int, length: int, number: int) -> keras.layers.Layer:
    name = f"to_teacher{number}"
    layer = keras.layers.Dense(length, use_bias=False, dtype="float32", name=name)
    layer.build((None, dim))
    return layer
