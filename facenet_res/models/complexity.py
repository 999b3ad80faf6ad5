"""How large a network is and how much it computes for one image, counted in the network itself."""

import math

import keras

from facenet_res.models.census import Complexity
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.config import ModelConfig


def complexity(model: keras.Model, config: ModelConfig | ClassifierConfig) -> Complexity:
    """Counts parameters and multiply-accumulates of a network that was built from the config.

    Published counts leave out the running statistics of BN, which are no
    parameters to PyTorch, and count the gamma of ones of an embedding's last BN.
    `census` has the same figures without a network.
    """
    trained = sum(math.prod(w.shape) for w in model.trainable_weights)

    fixed = 0
    if isinstance(config, ModelConfig) and config.family == "iresnet":
        fixed = config.embedding_dim
    macs = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            # Each place of the output sums over the kernel's height, width and input channels.
            area = math.prod(layer.output.shape[1:3])
            macs += area * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            macs += math.prod(layer.kernel.shape)
    return Complexity(trained + fixed, macs)
