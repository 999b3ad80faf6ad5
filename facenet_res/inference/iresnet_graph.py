"""The IResNet of a safetensors artifact as an OpenVINO graph.

The network is the one that `models/iresnet.py` describes in Keras, built a
second time from the weights alone, so that a server needs neither Keras nor
TensorFlow. Blocks, widths and shortcuts are read off the names and shapes of
the tensors; only the stem and the head are taken from the config. A contract
test holds the two descriptions together.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.openvino_runtime import ops, ov

BN_EPSILON = 1e-5
STAGES = 4

Tensors = Mapping[str, NDArray[np.floating[Any]]]


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
    weights = _Weights(tensors)
    faces = ops.parameter(ov.PartialShape([-1, side_px, side_px, 3]), np.float32, name="faces")
    faces.output(0).set_names({"faces"})
    try:
        x = ops.transpose(faces, _constant(np.array([0, 3, 1, 2])))
        x = _conv(x, weights, "stem_conv", stride=2 if stem == "half" else 1)
        x = _prelu(_batch_norm(x, weights, "stem_bn"), weights, "stem_prelu")
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


class _Weights:
    """The tensors by name; knows which were asked for."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._used: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._tensors

    def take(self, key: str, rank: int) -> NDArray[np.float32]:
        if key not in self._tensors:
            raise ArtifactInvalid(f"the weights lack {key}")
        tensor = self._tensors[key]
        if tensor.ndim != rank:
            raise ArtifactInvalid(f"{key} must have {rank} axes, got shape {tensor.shape}")
        self._used.add(key)
        values: NDArray[np.float32] = tensor.astype(np.float32)
        # Half precision overflows to infinity silently; found here, not in a face's embedding.
        if not np.isfinite(values).all():
            raise ArtifactInvalid(f"{key} holds a value that is not finite")
        return values

    def blocks_of(self, stage: int) -> int:
        pattern = re.compile(rf"stage{stage}_block(\d+)_conv1/kernel")
        numbers = sorted(int(m[1]) for key in self._tensors if (m := pattern.fullmatch(key)))
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            raise ArtifactInvalid(f"stage {stage} has blocks {numbers}; wanted 1, 2, ...")
        return len(numbers)

    def check_all_used(self) -> None:
        unused = sorted(set(self._tensors) - self._used)
        if unused:
            raise ArtifactInvalid(f"{len(unused)} weights have no place, such as {unused[:3]}")


def _ir_block(x: Any, weights: _Weights, name: str, stride: int) -> Any:
    shortcut = x
    if f"{name}_shortcut_conv/kernel" in weights:
        shortcut = _conv(x, weights, f"{name}_shortcut_conv", stride=stride)
        shortcut = _batch_norm(shortcut, weights, f"{name}_shortcut_bn")
    y = _batch_norm(x, weights, f"{name}_bn1")
    y = _conv(y, weights, f"{name}_conv1", stride=1)
    y = _batch_norm(y, weights, f"{name}_bn2")
    y = _prelu(y, weights, f"{name}_prelu")
    y = _conv(y, weights, f"{name}_conv2", stride=stride)
    y = _batch_norm(y, weights, f"{name}_bn3")
    return ops.add(y, shortcut)


def _embedding_head(x: Any, weights: _Weights, head: str) -> Any:
    x = _batch_norm(x, weights, "head_bn")
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
    x = ops.reshape(x, _constant(np.array([-1, values])), special_zero=False)
    x = ops.matmul(x, _constant(kernel), transpose_a=False, transpose_b=False)
    x = ops.add(x, _constant(weights.take("head_dense/bias", 1)))
    return _batch_norm(x, weights, "embedding", has_scale=False)


def _flatten(x: Any, weights: _Weights) -> Any:
    return x


def _depthwise(x: Any, weights: _Weights) -> Any:
    # Keras keeps [H, W, C, 1]; OpenVINO wants groups first: [C, 1, 1, H, W].
    kernel = weights.take("head_depthwise/kernel", 4).transpose(2, 3, 0, 1)[:, :, None]
    x = ops.group_convolution(
        x, _constant(kernel), strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]
    )
    return _batch_norm(x, weights, "head_depthwise_bn")


def _mean(x: Any, weights: _Weights) -> Any:
    return ops.reduce_mean(x, _constant(np.array([2, 3])), keep_dims=False)


_HEADS = {"flatten": _flatten, "gdc": _depthwise, "gap": _mean}


def _conv(x: Any, weights: _Weights, name: str, *, stride: int) -> Any:
    kernel = weights.take(f"{name}/kernel", 4).transpose(3, 2, 0, 1)  # HWIO to OIHW.
    pad_px = kernel.shape[2] // 2
    return ops.convolution(
        x,
        _constant(kernel),
        strides=[stride, stride],
        pads_begin=[pad_px, pad_px],
        pads_end=[pad_px, pad_px],
        dilations=[1, 1],
    )


def _batch_norm(x: Any, weights: _Weights, name: str, *, has_scale: bool = True) -> Any:
    mean = weights.take(f"{name}/moving_mean", 1)
    variance = weights.take(f"{name}/moving_variance", 1)
    gamma = weights.take(f"{name}/gamma", 1) if has_scale else np.ones_like(mean)
    return ops.batch_norm_inference(
        x,
        _constant(gamma),
        _constant(weights.take(f"{name}/beta", 1)),
        _constant(mean),
        _constant(variance),
        epsilon=BN_EPSILON,
    )


def _prelu(x: Any, weights: _Weights, name: str) -> Any:
    return ops.prelu(x, _constant(weights.take(f"{name}/alpha", 3).reshape(-1)))


def _constant(values: NDArray[Any]) -> Any:
    return ops.constant(np.ascontiguousarray(values))
