"""The network of `models.anchor_free` as an OpenVINO graph, built from its weights alone.

Blocks and widths are read off the names and shapes of the tensors; a test holds the two
descriptions together.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from facenet_res.core.cells import OUTPUTS
from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.openvino_runtime import ops, ov
from facenet_res.inference.graph_layers import GraphWeights, Tensors, batch_norm, constant, conv

STAGES: Final = 4
LEVELS: Final = ("c3", "c4", "c5")
CENTRE: Final = 127.5


def detector_graph(tensors: Tensors) -> ov.Model:
    """Builds the network with basic blocks.

    Args:
        tensors: `layer/variable` -> float array in Keras' layout, as `models.checkpoint` names
            them.

    Returns:
        A model uint8[1, H, W, 3] RGB, H and W multiples of 32 -> float32[1, A, 15].

    Raises:
        ArtifactInvalid: a tensor is missing, left over or of a shape that does not fit.
    """
    weights = GraphWeights(tensors)
    images = ops.parameter(ov.PartialShape([1, -1, -1, 3]), np.uint8, name="images")
    try:
        x = ops.convert(images, np.float32)
        x = ops.divide(ops.subtract(x, _scalar(CENTRE)), _scalar(CENTRE))
        x = ops.transpose(x, constant(np.array([0, 3, 1, 2])))
        x = _conv_bn_relu(x, weights, "stem_conv", "stem_bn", stride=2)
        x = ops.max_pool(x, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)
        maps = []
        for stage in range(1, STAGES + 1):
            for block in range(1, weights.blocks_of(stage) + 1):
                stride = 2 if block == 1 and stage > 1 else 1
                x = _basic_block(x, weights, f"stage{stage}_block{block}", stride)
            maps.append(x)
        outputs = _pyramid(dict(zip(LEVELS, maps[1:], strict=True)), weights)
    except RuntimeError as error:  # OpenVINO's only one: shapes that do not fit each other.
        raise ArtifactInvalid(f"the weights fit no detector: {error}") from error
    weights.check_all_used()
    return ov.Model([outputs], [images], "detector")


def compile_detector(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """The network of a safetensors file on the CPU, as `faces.anchor_free` takes it.

    Not for several threads at a time.

    Raises:
        FileMissing: there is no such file.
        ArtifactInvalid: it is damaged, or its weights fit no detector.
    """
    if not path.is_file():
        raise FileMissing(f"no weights file at {path}")
    try:
        graph = detector_graph(load_file(path))
    except SafetensorError as error:
        raise ArtifactInvalid(f"{path} is corrupt: {error}") from error
    network = ov.Core().compile_model(graph, "CPU")
    return lambda images: np.asarray(network(images)[0])


def _basic_block(x: Any, weights: GraphWeights, name: str, stride: int) -> Any:
    shortcut = x
    if f"{name}_shortcut_conv/kernel" in weights:
        shortcut = conv(x, weights, f"{name}_shortcut_conv", stride=stride)
        shortcut = batch_norm(shortcut, weights, f"{name}_shortcut_bn")
    y = _conv_bn_relu(x, weights, f"{name}_conv1", f"{name}_bn1", stride=stride)
    y = batch_norm(conv(y, weights, f"{name}_conv2", stride=1), weights, f"{name}_bn2")
    return ops.relu(ops.add(y, shortcut))


def _pyramid(maps: dict[str, Any], weights: GraphWeights) -> Any:
    heads = []
    above = None
    for level in reversed(LEVELS):
        x = _conv_bn_relu(maps[level], weights, f"{level}_lateral", f"{level}_lateral_bn")
        if above is not None:
            x = ops.add(x, _doubled(above))
        above = x
        x = _conv_bn_relu(x, weights, f"{level}_smooth", f"{level}_smooth_bn")
        x = _conv_bn_relu(x, weights, f"{level}_head", f"{level}_head_bn")
        x = ops.transpose(x, constant(np.array([0, 2, 3, 1])))
        parts = [_dense(x, weights, f"{level}_{name}") for name in ("score", "geometry")]
        shape = constant(np.array([1, -1, OUTPUTS]))
        heads.append(ops.reshape(ops.concat(parts, axis=-1), shape, special_zero=False))
    return ops.concat(heads[::-1], axis=1)


def _doubled(x: Any) -> Any:
    return ops.interpolate(
        x,
        constant(np.array([2.0, 2.0], np.float32)),
        mode="nearest",
        shape_calculation_mode="scales",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
        axes=constant(np.array([2, 3])),
    )


def _dense(x: Any, weights: GraphWeights, name: str) -> Any:
    kernel = constant(weights.take(f"{name}/kernel", 2))
    product = ops.matmul(x, kernel, transpose_a=False, transpose_b=False)
    return ops.add(product, constant(weights.take(f"{name}/bias", 1)))


def _conv_bn_relu(x: Any, weights: GraphWeights, name: str, bn: str, *, stride: int = 1) -> Any:
    return ops.relu(batch_norm(conv(x, weights, name, stride=stride), weights, bn))


def _scalar(value: float) -> Any:
    return constant(np.array(value, np.float32))
