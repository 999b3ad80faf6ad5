"""Class centres and the margin loss over them, with whatever the loss remembers."""

from typing import Any

import keras
from keras import ops

from facenet_res.losses.adaface import AdaFaceConfig, NormStatistics, adaface_loss
from facenet_res.losses.arcface import arcface_loss
from facenet_res.losses.centers import class_cosine, row_norms, subcentre_cosine
from facenet_res.losses.combined import combined_loss
from facenet_res.losses.cosface import cosface_loss
from facenet_res.losses.curricularface import CurricularFaceConfig, curricularface_loss
from facenet_res.losses.magface import MagFaceConfig, magface_loss
from facenet_res.losses.subcenter import nearest_subcentre
from facenet_res.losses.triplet import triplet_loss
from facenet_res.train.loss_config import LossConfig

CENTRES_STDDEV = 0.01


class MarginHead(keras.layers.Layer):
    """From embeddings and labels to the loss of each sample.

    The centres are float32 whatever the policy: 64 times a bfloat16 cosine is off by a quarter.
    """

    def __init__(self, config: LossConfig, classes: int, dim: int) -> None:
        """Makes fresh centres.

        Args:
            config: names the loss.
            classes: number of identities, >= 1.
            dim: length of an embedding.
        """
        super().__init__(name="margin_head", dtype="float32")
        self.config = config
        per_class = (config.subcentres,) if config.subcentres > 1 else ()
        self.centres = None
        if config.name != "triplet":
            self.centres = self.add_weight(
                name="centres",
                shape=(classes, *per_class, dim),
                initializer=keras.initializers.RandomNormal(stddev=CENTRES_STDDEV),
            )
        # AdaFace's mean and deviation of the norms, or CurricularFace's progress: saved with the
        # weights, so that a resumed run goes on with what it has seen.
        self.seen = [self._memory(f"seen{i}", v) for i, v in enumerate(_first_seen(config.name))]
        self.built = True

    def losses_of(self, embeddings: Any, labels: Any, sampled: Any | None = None) -> Any:
        """The loss of each sample.

        Args:
            embeddings: float[B, D], not of unit length.
            labels: int32[B]; below 0 gives a loss of 0. With `sampled`, places in it.
            sampled: int32[S], the classes of this step; None for all.

        Returns:
            float32[B].
        """
        config = self.config
        embeddings = ops.cast(embeddings, "float32")
        if config.name == "triplet":
            cosine = class_cosine(embeddings, embeddings)
            return triplet_loss(cosine, labels, cosine_margin=config.cosine_margin)
        centres = ops.convert_to_tensor(self.centres)
        if sampled is not None:
            centres = ops.take(centres, sampled, axis=0)
        if config.subcentres > 1:
            cosine = nearest_subcentre(subcentre_cosine(embeddings, centres))
        else:
            cosine = class_cosine(embeddings, centres)
        return self._margin_losses(cosine, labels, embeddings)

    def _margin_losses(self, cosine: Any, labels: Any, embeddings: Any) -> Any:
        config, scale, margin_rad = self.config, self.config.scale, self.config.margin_rad
        if config.name == "arcface":
            return arcface_loss(cosine, labels, margin_rad=margin_rad, scale=scale)
        if config.name == "cosface":
            return cosface_loss(cosine, labels, cosine_margin=config.cosine_margin, scale=scale)
        if config.name == "combined":
            return combined_loss(
                cosine,
                labels,
                angle_factor=config.angle_factor,
                margin_rad=margin_rad,
                cosine_margin=config.cosine_margin,
                scale=scale,
            )
        if config.name == "magface":
            return magface_loss(cosine, labels, row_norms(embeddings), MagFaceConfig(scale=scale))
        if config.name == "curricularface":
            curriculum = CurricularFaceConfig(margin_rad=margin_rad, scale=scale)
            progress = ops.convert_to_tensor(self.seen[0])
            losses, now = curricularface_loss(cosine, labels, progress, curriculum)
            self._remember(now)
            return losses
        statistics = NormStatistics(*(ops.convert_to_tensor(each) for each in self.seen))
        adaptive = AdaFaceConfig(margin=margin_rad, scale=scale)
        losses, now = adaface_loss(cosine, labels, row_norms(embeddings), statistics, adaptive)
        self._remember(*now)
        return losses

    def _memory(self, name: str, start: float) -> Any:
        initializer = keras.initializers.Constant(start)
        return self.add_weight(name=name, shape=(), initializer=initializer, trainable=False)

    def _remember(self, *values: Any) -> None:
        for variable, value in zip(self.seen, values, strict=True):
            variable.assign(ops.stop_gradient(value))


def _first_seen(name: str) -> tuple[float, ...]:
    if name == "adaface":
        start = NormStatistics()
        return (float(start.mean), float(start.stddev))
    return (0.0,) if name == "curricularface" else ()
