"""The network of `models/dlib_resnet.py` of a safetensors file as an OpenVINO graph.

Built from the weights alone, as `iresnet_graph` is, so that serving needs no Keras; a test compares
both. Blocks and widths are read from the names and shapes of the tensors.
"""

from typing import Any

import numpy as np

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.face_template import chip_samples
from facenet_res.core.openvino_runtime import ops, opset1, ov
from facenet_res.inference.graph_layers import GraphWeights, Tensors, batch_norm, constant, conv

STAGES = 5


def dlib_graph(tensors: Tensors, side_px: int) -> ov.Model:
    """Builds the network.

    Args:
        tensors: `layer/variable` -> float array in Keras' layout, of `models.checkpoint`.
        side_px: height and width of a face, 112.

    Returns:
        A model float32[B, side, side, 3], normalised RGB -> float32[B, D], with B left open.

    Raises:
        ArtifactInvalid: a tensor is missing, left over or of a shape that does not fit.
    """
    weights = GraphWeights(tensors)
    faces = ops.parameter(ov.PartialShape([-1, side_px, side_px, 3]), np.float32, name="faces")
    faces.output(0).set_names({"faces"})
    try:
        x = _chip(ops.transpose(faces, constant(np.array([0, 3, 1, 2]))))
        x = conv(x, weights, "stem_conv", stride=2, pad_px=0)
        x = _pooled(ops.relu(batch_norm(x, weights, "stem_bn")), "max", 3)
        for stage in range(1, STAGES + 1):
            for block in range(1, weights.blocks_of(stage) + 1):
                is_halving = block == 1 and stage > 1
                x = _block(x, weights, f"stage{stage}_block{block}", is_halving=is_halving)
        x = ops.reduce_mean(x, constant(np.array([2, 3])), keep_dims=False)
        kernel = constant(weights.take("embedding/kernel", 2))
        x = ops.matmul(x, kernel, transpose_a=False, transpose_b=False)
        embeddings = ops.add(x, constant(weights.take("embedding/bias", 1)))
    except RuntimeError as error:  # OpenVINO's only one: shapes that do not fit each other.
        raise ArtifactInvalid(f"the weights fit no network: {error}") from error
    weights.check_all_used()
    embeddings.output(0).set_names({"embeddings"})
    return ov.Model([embeddings], [faces], "dlib_resnet")


def _chip(x: Any) -> Any:
    """Dlib's 150 px crop, sampled from ours; channels first."""
    rows, columns = chip_samples()
    wide = ops.matmul(x, constant(columns.T), transpose_a=False, transpose_b=False)
    return ops.matmul(constant(rows), wide, transpose_a=False, transpose_b=False)


def _block(x: Any, weights: GraphWeights, name: str, *, is_halving: bool) -> Any:
    stride, pad_px = (2, 0) if is_halving else (1, 1)
    y = conv(x, weights, f"{name}_conv1", stride=stride, pad_px=pad_px)
    y = ops.relu(batch_norm(y, weights, f"{name}_bn1"))
    y = batch_norm(conv(y, weights, f"{name}_conv2", stride=1), weights, f"{name}_bn2")
    if is_halving:
        x = _pooled(x, "mean", 2)
    sizes = [_sizes(each) for each in (x, y)]
    target = [max(pair) for pair in zip(*sizes, strict=True)]
    x, y = (_filled(each, size, target) for each, size in zip((x, y), sizes, strict=True))
    return ops.relu(ops.add(y, x))


def _sizes(x: Any) -> list[int]:
    """Channels, rows and columns."""
    return [x.get_output_partial_shape(0)[axis].get_length() for axis in (1, 2, 3)]


def _filled(x: Any, size: list[int], target: list[int]) -> Any:
    """With zeros behind the last channel, row and column."""
    if size == target:
        return x
    ends = [0, *(wanted - had for had, wanted in zip(size, target, strict=True))]
    begins = constant(np.zeros(4, np.int64))
    return ops.pad(x, begins, constant(np.array(ends)), "constant")


def _pooled(x: Any, kind: str, side_px: int) -> Any:
    """Over squares of `side_px`, two places apart, without padding."""
    sizes = {"strides": [2, 2], "pads_begin": [0, 0], "pads_end": [0, 0]}
    square = [side_px, side_px]
    if kind == "max":
        # Later opsets return the places of the maxima as well.
        return opset1.max_pool(x, kernel_shape=square, **sizes)
    return ops.avg_pool(x, kernel_shape=square, exclude_pad=False, **sizes)
