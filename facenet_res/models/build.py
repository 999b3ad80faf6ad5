"""From a ModelConfig to a keras.Model: one dictionary, no registry."""

from collections.abc import Callable
from typing import Any

import keras

from facenet_res.models.config import ModelConfig
from facenet_res.models.dlib_resnet import dlib_resnet
from facenet_res.models.iresnet import iresnet

INPUT_SIDE_PX = 112

NETWORKS: dict[str, Callable[[Any, ModelConfig], Any]] = {
    "iresnet": iresnet,
    "dlib_resnet": dlib_resnet,
}


def build_model(config: ModelConfig) -> keras.Model:
    """An embedding network with fresh weights.

    Returns:
        keras.Model: float[B, 112, 112, 3], RGB, (value - 127.5) / 127.5
        -> float[B, embedding_dim], not normalised, in the backend that
        KERAS_BACKEND names.
    """
    faces = keras.Input((INPUT_SIDE_PX, INPUT_SIDE_PX, 3), name="faces")
    embeddings = NETWORKS[config.family](faces, config)
    return keras.Model(faces, embeddings, name=f"{config.family}{config.depth}")
