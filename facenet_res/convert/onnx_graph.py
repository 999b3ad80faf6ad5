"""An ONNX file as a graph of ours.

Operators that change nothing in inference (Identity, Dropout, Cast) are looked
through; an operator that an IResNet has no use for stays in as "other" and ends
the match with its name.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facenet_res.convert.graph import NO_PADS, Array, Graph, Kind, Node, Pads
from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.extras import require

FILE_BYTES_MAX = 2 << 30  # Protobuf's own.
TRANSPARENT = {"Identity", "Dropout", "Cast"}
# Constants pass through these with their values in order, which is all that vectors need.
RESHAPING = {"Identity", "Cast", "Unsqueeze", "Squeeze", "Reshape", "Flatten"}
EPSILON = 1e-5


def load_onnx(path: Path) -> Any:
    """The onnx.ModelProto of a file, whole and in one piece.

    Raises:
        FileMissing: there is no file.
        ArtifactInvalid: it is no ONNX, or keeps weights in other files.
        EngineUnavailable: the package onnx is not installed.
    """
    require("reading ONNX", ("onnx",), "onnx")
    onnx: Any = importlib.import_module("onnx")
    if not path.is_file():
        raise FileMissing(f"no ONNX file at {path}")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise ArtifactInvalid(f"{path} has {path.stat().st_size} bytes, limit is {FILE_BYTES_MAX}")
    try:
        # Weights in other files could point anywhere on this machine.
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # Protobuf's errors have no common base below Exception.
        raise ArtifactInvalid(f"{path} is truncated or no ONNX file: {error}") from error
    if not model.graph.node:
        raise ArtifactInvalid(f"{path} is no ONNX file, or one without a network")
    if any(tensor.data_location == 1 for tensor in model.graph.initializer):
        raise ArtifactInvalid(f"{path} keeps weights in other files; save it as one file first")
    return model


def graph_of_onnx(model: Any) -> Graph:
    """The graph of a loaded file, from its one input to its one output.

    Raises:
        ArtifactInvalid: there are several inputs or outputs, or a weight has no sensible shape.
    """
    constants = _constants(model)
    inputs = [entry.name for entry in model.graph.input if entry.name not in constants]
    outputs = [entry.name for entry in model.graph.output]
    if len(inputs) != 1 or len(outputs) != 1:
        raise ArtifactInvalid(f"inputs {inputs}, outputs {outputs}: wanted one of each")
    nodes, aliases = [], {}
    for each in model.graph.node:
        made = [name for name in each.output if name]
        taken = [name for name in each.input if name and name not in constants]
        if not taken or each.op_type == "Shape":
            continue  # A constant, or the batch size on its way into a Reshape.
        if each.op_type in TRANSPARENT:
            aliases[made[0]] = taken[0]
        else:
            nodes.append(_node(each, constants))
    return Graph(nodes, source=inputs[0], target=outputs[0], aliases=aliases)


def _constants(model: Any) -> dict[str, Any]:
    to_array = importlib.import_module("onnx.numpy_helper").to_array
    found = {tensor.name: to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            values = [attribute.t for attribute in node.attribute if attribute.name == "value"]
            if values:
                found[node.output[0]] = to_array(values[0])
        elif node.op_type in RESHAPING and node.input and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
        elif node.op_type == "Transpose" and node.input[0] in found:
            order = _attributes(node).get("perm")
            found[node.output[0]] = np.transpose(found[node.input[0]], order)
    return found


def _node(node: Any, constants: Mapping[str, Any]) -> Node:
    attributes = _attributes(node)
    fixed = [
        np.asarray(constants[name], np.float32) if name in constants else None
        for name in node.input
    ]
    known = _READERS.get(node.op_type, _other)(fixed, attributes)
    kind: Kind = known.pop("kind", "other")
    return Node(
        kind=kind,
        label=f"{node.op_type} {node.name or node.output[0]}",
        inputs=tuple(name for name in node.input if name and name not in constants),
        output=node.output[0],
        **known,
    )


Inputs = list[Array | None]
Fields = dict[str, Any]


def _other(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    return {}


def _conv(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    kernel, bias = inputs[1], inputs[2] if len(inputs) > 2 else None
    strides = list(attributes.get("strides", [1, 1]))
    dilations = list(attributes.get("dilations", [1, 1]))
    auto_pad = attributes.get("auto_pad", b"NOTSET")
    group = attributes.get("group", 1)
    if kernel is None or kernel.ndim != 4 or dilations != [1, 1] or strides[0] != strides[1]:
        return {}
    if auto_pad not in (b"NOTSET", b"VALID"):
        return {}
    weights = {"kernel": kernel} | ({"bias": bias} if bias is not None else {})
    is_depthwise = group == len(kernel) and kernel.shape[1] == 1
    if group != 1 and not is_depthwise:
        return {}
    kind = "conv" if group == 1 else "depthwise"
    pads = tuple(attributes.get("pads", NO_PADS))
    return {"kind": kind, "weights": weights, "stride": strides[0], "pads": pads}


def _batch_norm(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    values = inputs[1:5]
    if any(value is None for value in values):
        return {}
    weights = dict(zip(("gamma", "beta", "mean", "variance"), values, strict=True))
    return {"kind": "norm", "weights": weights, "epsilon": attributes.get("epsilon", EPSILON)}


def _prelu(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    slope = inputs[1]
    return {} if slope is None else {"kind": "prelu", "weights": {"slope": slope.reshape(-1)}}


def _arithmetic(scale_of: Callable[[Array], Array], shift_of: Callable[[Array], Array]) -> Any:
    """A reader of x + c and the like; where nothing is constant, only a sum has a meaning."""

    def read(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
        constant = inputs[1]
        if constant is None or max(constant.shape, default=1) != constant.size:
            return {}
        values = constant.reshape(-1)
        weights = {"scale": scale_of(values), "shift": shift_of(values)}
        return {"kind": "affine", "weights": weights}

    return read


def _add(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    if inputs[0] is None and inputs[1] is None:
        return {"kind": "add"}
    ordered = inputs if inputs[0] is None else inputs[::-1]
    found: Fields = _arithmetic(np.ones_like, lambda c: c)(ordered, attributes)
    return found


def _mul(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    ordered = inputs if inputs[0] is None else inputs[::-1]
    found: Fields = _arithmetic(lambda c: c, np.zeros_like)(ordered, attributes)
    return found


def _gemm(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    kernel, bias = inputs[1], inputs[2] if len(inputs) > 2 else None
    factors = (attributes.get("alpha", 1.0), attributes.get("beta", 1.0))
    if kernel is None or kernel.ndim != 2 or attributes.get("transA", 0) or factors != (1.0, 1.0):
        return {}
    weights = {"kernel": kernel if attributes.get("transB", 0) else kernel.T}
    if bias is not None:
        weights["bias"] = np.broadcast_to(bias.reshape(-1), (len(weights["kernel"]),))
    return {"kind": "dense", "weights": weights}


def _flatten(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    return {"kind": "flatten"} if attributes.get("axis", 1) == 1 else {}


def _pad(inputs: Inputs, attributes: Mapping[str, Any]) -> Fields:
    given = attributes.get("pads") if len(inputs) == 1 else inputs[1]
    if given is None or len(given) != 8 or attributes.get("mode", b"constant") != b"constant":
        return {}
    value = inputs[2] if len(inputs) > 2 else None
    if value is not None and value.any():
        return {}
    each = [int(one) for one in given]
    if any(each[axis] for axis in (0, 1, 4, 5)):
        return {}
    pads: Pads = (each[2], each[3], each[6], each[7])
    return {"kind": "pad", "pads": pads}


def _attributes(node: Any) -> dict[str, Any]:
    get = importlib.import_module("onnx.helper").get_attribute_value
    return {attribute.name: get(attribute) for attribute in node.attribute}


_READERS: dict[str, Callable[[Inputs, Mapping[str, Any]], Fields]] = {
    "Conv": _conv,
    "BatchNormalization": _batch_norm,
    "PRelu": _prelu,
    "Add": _add,
    "Sub": _arithmetic(np.ones_like, np.negative),
    "Mul": _mul,
    "Div": _arithmetic(np.reciprocal, np.zeros_like),
    "Gemm": _gemm,
    "MatMul": _gemm,
    "Flatten": _flatten,
    "Reshape": _flatten,
    "Pad": _pad,
}


def input_shape(model: Any) -> list[int]:
    """Of the file's first input that is no weight; 0 for an axis left open."""
    weights = {tensor.name for tensor in model.graph.initializer}
    entry = next((one for one in model.graph.input if one.name not in weights), None)
    if entry is None:
        raise ArtifactInvalid("the ONNX file has no input")
    return [axis.dim_value for axis in entry.type.tensor_type.shape.dim]


def output_dim(model: Any) -> int:
    """Length of the file's first output, 0 where it is left open.

    Raises:
        ArtifactInvalid: the output is no row of values for each face.
    """
    entry = model.graph.output[0]
    shape: list[int] = [axis.dim_value for axis in entry.type.tensor_type.shape.dim]
    if len(shape) != 2:
        raise ArtifactInvalid(
            f"the network returns {shape} (0 is open), wanted [faces, values]: no embedding network"
        )
    return shape[1]
