"""PReLU slopes of one axis, as MXNet's exporter writes them, in the shape that ONNX demands."""

import importlib
from typing import Any


def repair_slopes(model: Any) -> bool:
    """Gives PReLU slopes of shape (C,) the shape (C, 1, 1), in place.

    ONNX broadcasts (C,) along the width, where MXNet meant the channels: ONNX Runtime refuses such
    a node. Where the width is C as well, the slope is left as it is.

    Args:
        model: onnx.ModelProto.

    Returns:
        Whether anything was changed.
    """
    slopes = {node.input[1]: node.input[0] for node in model.graph.node if node.op_type == "PRelu"}
    flat = [
        tensor
        for tensor in model.graph.initializer
        if tensor.name in slopes and len(tensor.dims) == 1 and tensor.dims[0] > 1
    ]
    if not flat:
        return False
    shapes = _shapes(model)
    declared = {entry.name: entry for entry in model.graph.input}
    repaired = False
    for tensor in flat:
        channels = tensor.dims[0]
        shape = shapes.get(slopes[tensor.name], [])
        if len(shape) != 4 or shape[1] != channels or shape[3] == channels:
            continue
        tensor.dims.extend((1, 1))
        if tensor.name in declared:
            # Older files list weights among the inputs too.
            for _ in range(2):
                declared[tensor.name].type.tensor_type.shape.dim.add().dim_value = 1
        repaired = True
    return repaired


def _shapes(model: Any) -> dict[str, list[int]]:
    """Shapes of the values between nodes, 0 for an open axis."""
    inferred = importlib.import_module("onnx.shape_inference").infer_shapes(model)
    entries = [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]
    return {
        entry.name: [axis.dim_value for axis in entry.type.tensor_type.shape.dim]
        for entry in entries
    }
