"""The IResNet of a safetensors artifact as an OpenVINO graph.

The network is the one that `models/iresnet.py` describes in Keras, built a
second time from the weights alone, so that a server needs neither Keras nor
TensorFlow. Blocks, widths and shortcuts are read off the names and shapes of
the tensors; only the stem and the head are taken from the config. A contract
test holds the two descriptions together.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.openvino_runtime import ops, ov
from facenet_res.inference.graph_layers import GraphWeights, Tensors, batch_norm, constant, conv

STAGES = 4


def iresnet_graph(tensors: Tensors, config: Mapping[str, Any], side_px: int) -> ov.Model:
    """Builds the network.

    Args:
        tensors: `layer/variable` -> float array in Keras' layout, of `models.checkpoint`.
        config: the ModelConfig's values; `family`, `stem` and `head` are used.
        side_px: height and width of a face.

    Returns:
        A model float32[B, side, side, 3], normalised RGB -> float32[B, D], with B left open.

    Raises:
        ArtifactInvalid: a tensor is missing, left over or of a shape that does not fit.
    """
    family, stem, head = config.get("family"), config.get("stem", "full"), config.get("head")
    if family != "iresnet" or stem not in ("full", "half") or head not in _HEADS:
        raise ArtifactInvalid(
            f"no such network: family {family!r}, stem {stem!r}, head {head!r}; "
            f"known are 'iresnet', 'full' or 'half', {sorted(_HEADS)}"
        )
    weights = GraphWeights(tensors)
    faces = ops.parameter(ov.PartialShape([-1, side_px, side_px, 3]), np.float32, name="faces")
    faces.output(0).set_names({"faces"})
    try:
        x = ops.transpose(faces, constant(np.array([0, 3, 1, 2])))
        x = conv(x, weights, "stem_conv", stride=2 if stem == "half" else 1)
        x = _prelu(batch_norm(x, weights, "stem_bn"), weights, "stem_prelu")
        for stage in range(1, STAGES + 1):
            for block in range(1, weights.blocks_of(stage) + 1):
                is_halving = block == 1 and not (stage == 1 and stem == "half")
                x = _ir_block(x, weights, f"stage{stage}_block{block}", 2 if is_halving else 1)
        embeddings = _embedding_head(x, weights, str(head))
    except RuntimeError as error:  # OpenVINO's only one: shapes that do not fit each other.
        raise ArtifactInvalid(f"the weights fit no network: {error}") from error
    weights.check_all_used()
    embeddings.output(0).set_names({"embeddings"})
    return ov.Model([embeddings], [faces], "iresnet")


def _ir_block(x: Any, weights: GraphWeights, name: str, stride: int) -> Any:
    shortcut = x
    if f"{name}_shortcut_conv/kernel" in weights:
        shortcut = conv(x, weights, f"{name}_shortcut_conv", stride=stride)
        shortcut = batch_norm(shortcut, weights, f"{name}_shortcut_bn")
    y = batch_norm(x, weights, f"{name}_bn1")
    y = conv(y, weights, f"{name}_conv1", stride=1)
    y = batch_norm(y, weights, f"{name}_bn2")
    y = _prelu(y, weights, f"{name}_prelu")
    y = conv(y, weights, f"{name}_conv2", stride=stride)
    y = batch_norm(y, weights, f"{name}_bn3")
    return ops.add(y, shortcut)


def _embedding_head(x: Any, weights: GraphWeights, head: str) -> Any:
    x = batch_norm(x, weights, "head_bn")
    channels, height, width = (x.get_output_partial_shape(0)[i].get_length() for i in (1, 2, 3))
    kernel = weights.take("head_dense/kernel", 2)
    x = _HEADS[head](x, weights)
    values = channels * (height * width if head == "flatten" else 1)
    if kernel.shape[0] != values:
        raise ArtifactInvalid(f"head_dense/kernel takes {kernel.shape[0]} values, gets {values}")
    if head == "flatten":
        # Keras flattens height, width, channels; our maps are channels first.
        kernel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)
        kernel = kernel.reshape(values, -1)
    x = ops.reshape(x, constant(np.array([-1, values])), special_zero=False)
    x = ops.matmul(x, constant(kernel), transpose_a=False, transpose_b=False)
    x = ops.add(x, constant(weights.take("head_dense/bias", 1)))
    return batch_norm(x, weights, "embedding", has_scale=False)


def _flatten(x: Any, weights: GraphWeights) -> Any:
    return x


def _depthwise(x: Any, weights: GraphWeights) -> Any:
    # Keras keeps [H, W, C, 1]; OpenVINO wants groups first: [C, 1, 1, H, W].
    kernel = weights.take("head_depthwise/kernel", 4).transpose(2, 3, 0, 1)[:, :, None]
    x = ops.group_convolution(
        x, constant(kernel), strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]
    )
    return batch_norm(x, weights, "head_depthwise_bn")


def _mean(x: Any, weights: GraphWeights) -> Any:
    return ops.reduce_mean(x, constant(np.array([2, 3])), keep_dims=False)


_HEADS = {"flatten": _flatten, "gdc": _depthwise, "gap": _mean}


def _prelu(x: Any, weights: GraphWeights, name: str) -> Any:
    return ops.prelu(x, constant(weights.take(f"{name}/alpha", 3).reshape(-1)))
