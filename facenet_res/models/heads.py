"""From the last feature map to the embedding, before it is brought to unit length."""

from typing import Any

import keras
from keras import layers

from facenet_res.models.blocks import batch_norm
from facenet_res.models.config import ModelConfig

DROPOUT_SEED = 0


def embedding_head(x: Any, config: ModelConfig) -> Any:
    """BN, then the map as a vector, then dense and BN without a scale.

    The last BN has no gamma (InsightFace fixes it at 1): a scale per dimension
    would only be undone by the unit norm that follows.

    Args:
        x: float[B, 7, 7, C].
        config: names the head, the dropout and the embedding's length.

    Returns:
        float[B, embedding_dim], not normalised.
    """
    x = batch_norm(x, name="head_bn")
    if config.head == "flatten":
        x = layers.Flatten(name="head_flatten")(x)
    elif config.head == "gdc":
        x = layers.DepthwiseConv2D((x.shape[1], x.shape[2]), use_bias=False, name="head_depthwise")(
            x
        )
        x = batch_norm(x, name="head_depthwise_bn")
        x = layers.Flatten(name="head_flatten")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="head_mean")(x)
    if config.dropout:
        # Without a seed Keras on PyTorch draws from a generator that no state of a run holds.
        x = layers.Dropout(config.dropout, seed=DROPOUT_SEED, name="head_dropout")(x)
    x = layers.Dense(
        config.embedding_dim,
        kernel_initializer=keras.initializers.HeNormal(),
        name="head_dense",
    )(x)
    return batch_norm(x, name="embedding", scale=False)
