"""An ONNX network in `keras.ops`: a teacher that runs where the student runs.

OpenVINO runs teachers on a CPU; on a GPU the teacher has to be there, too, or the faces would
travel back and forth. Embedding networks need few operators, and these are all.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.errors import ArtifactInvalid, FileMissing
from facenet_res.core.extras import require

Node = Any
Values = dict[str, Any]


class OnnxNetwork:
    """A frozen network of one image input and one output.

    Call: float32[B, H, W, 3] -> float32[B, D]. Maps are kept channels-last inside, whatever the
    file says, since that is what `keras.ops` computes on every device.
    """

    def __init__(self, path: Path) -> None:
        """Reads the graph.

        Raises:
            FileMissing: there is no file at `path`.
            EngineUnavailable: the package `onnx` is not installed.
            ArtifactInvalid: the file is damaged, has several inputs, or needs an operator that
                is not among `OPERATORS`.
        """
        graph = _graph(path)
        self._constants = {each.name: _array(each) for each in graph.initializer}
        inputs = [each.name for each in graph.input if each.name not in self._constants]
        unknown = sorted({node.op_type for node in graph.node} - {"Constant", *OPERATORS})
        if len(inputs) != 1 or len(graph.output) != 1 or unknown:
            raise ArtifactInvalid(
                f"{path}: need one input, one output and operators of {sorted(OPERATORS)}, "
                f"got inputs {inputs}, {len(graph.output)} outputs and operators {unknown}"
            )
        for node in graph.node:
            if node.op_type == "Constant":
                self._constants[node.output[0]] = _array(node.attribute[0].t)
        self._nodes = [node for node in graph.node if node.op_type != "Constant"]
        self._input, self._output = inputs[0], graph.output[0].name
        shape = next(each for each in graph.input if each.name == inputs[0]).type.tensor_type.shape
        sizes = [dimension.dim_value for dimension in shape.dim]
        self._is_channels_last = len(sizes) == 4 and sizes[3] == 3 and sizes[1] != 3

    def __call__(self, faces: Any) -> Any:
        """float32[B, H, W, 3], normalised -> float32[B, D], not normalised."""
        values: Values = {self._input: faces}
        # Whose axes the file has in our order; a map is made flat in the file's.
        in_our_order = {self._input} if self._is_channels_last else set[str]()
        for node in self._nodes:
            given = [values.get(name, self._constants.get(name)) for name in node.input]
            options = _attributes(node)
            if node.op_type == "Transpose":
                is_ours = options.get("perm") == [0, 2, 3, 1]
            else:
                is_ours = not in_our_order.isdisjoint(node.input)
            if is_ours:
                in_our_order.add(node.output[0])
            operator = OPERATORS[node.op_type]
            if operator is _flat and is_ours:
                options["in_our_order"] = True
            values[node.output[0]] = operator(options, *given)
        return ops.reshape(values[self._output], (ops.shape(faces)[0], -1))


def _conv(options: dict[str, Any], x: Any, kernel: NDArray[Any], bias: Any = None) -> Any:
    groups, strides = options.get("group", 1), tuple(options.get("strides", (1, 1)))
    top, left, bottom, right = options.get("pads", [0, 0, 0, 0])
    x = ops.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]])
    if groups == 1:
        y = ops.conv(x, kernel.transpose(2, 3, 1, 0), strides=strides, padding="valid")
    else:
        if kernel.shape[1] != 1:
            raise ArtifactInvalid(
                f"groups must be depthwise, got {groups} groups of {kernel.shape[1]} channels"
            )
        shape = (*kernel.shape[2:], groups, kernel.shape[0] // groups)
        depthwise = kernel[:, 0].transpose(1, 2, 0).reshape(shape)
        y = ops.depthwise_conv(x, depthwise, strides=strides, padding="valid")
    # By `ops`, not by `+`: PyTorch would compute with a NumPy constant on the host.
    return y if bias is None else ops.add(y, bias)


def _batch_norm(options: dict[str, Any], x: Any, *parameters: NDArray[Any]) -> Any:
    gamma, beta, mean, variance = parameters
    factor = gamma / np.sqrt(variance + options.get("epsilon", 1e-5))
    return ops.add(ops.multiply(x, factor), beta - mean * factor)


def _prelu(options: dict[str, Any], x: Any, slope: NDArray[Any]) -> Any:
    falling = ops.multiply(ops.minimum(x, 0.0), slope.reshape(-1))
    return ops.add(ops.maximum(x, 0.0), falling)


def _clip(options: dict[str, Any], x: Any, low: Any = None, high: Any = None) -> Any:
    return ops.clip(
        x, -np.inf if low is None else float(low), np.inf if high is None else float(high)
    )


def _flat(options: dict[str, Any], x: Any, shape: Any = None) -> Any:
    # The next matrix counts on the file's order, which mostly is channels first.
    if len(x.shape) == 4 and "in_our_order" not in options:
        x = ops.transpose(x, (0, 3, 1, 2))
    return ops.reshape(x, (ops.shape(x)[0], -1))


def _matmul(options: dict[str, Any], x: Any, y: Any) -> Any:
    if isinstance(x, np.ndarray):  # Each column of a map, by a matrix before it.
        return ops.einsum("rh,bhwc->brwc", ops.convert_to_tensor(x), y)
    if len(x.shape) == 4:  # Each row of a map, by a matrix after it.
        return ops.einsum("bhwc,wr->bhrc", x, ops.convert_to_tensor(y))
    return _gemm(options, x, y)


def _pool(pool: Callable[..., Any]) -> Callable[..., Any]:
    def apply(options: dict[str, Any], x: Any) -> Any:
        if any(options.get("pads", [])) or options.get("ceil_mode"):
            raise ArtifactInvalid(f"a pool may not reach beyond its map, got {options}")
        strides = tuple(options.get("strides", (1, 1)))
        return pool(x, tuple(options["kernel_shape"]), strides, padding="valid")

    return apply


def _pad(options: dict[str, Any], x: Any, pads: NDArray[Any], value: Any = None) -> Any:
    is_zero = options.get("mode", b"constant") == b"constant" and not np.any(value or 0)
    if len(x.shape) != 4 or not is_zero:
        raise ArtifactInvalid(f"only maps are padded, and only with zeros, got {options}")
    before, after = np.asarray(pads).reshape(2, 4).tolist()
    return ops.pad(x, [[before[axis], after[axis]] for axis in (0, 2, 3, 1)])


def _gemm(options: dict[str, Any], x: Any, matrix: NDArray[Any], bias: Any = None) -> Any:
    y = ops.matmul(x, matrix.T if options.get("transB") else matrix) * options.get("alpha", 1.0)
    return y if bias is None else ops.add(y, options.get("beta", 1.0) * bias)


def _transpose(options: dict[str, Any], x: Any) -> Any:
    # Between the two orders of a map's axes: ours does not change.
    if options["perm"] not in ([0, 3, 1, 2], [0, 2, 3, 1]):
        raise ArtifactInvalid(
            f"a teacher may swap channels first and last only, not {options['perm']}"
        )
    return x


def _elementwise(compute: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def apply(options: dict[str, Any], x: Any, y: Any) -> Any:
        return compute(_last(x), _last(y))

    return apply


def _last(value: Any) -> Any:
    """A constant per channel, [C, 1, 1] or [1, C, 1, 1], in the order of our maps."""
    is_per_channel = isinstance(value, np.ndarray) and value.ndim >= 3
    return value.reshape(-1) if is_per_channel and value.size == max(value.shape) else value


OPERATORS: dict[str, Callable[..., Any]] = {
    "Add": _elementwise(ops.add),
    "AveragePool": _pool(ops.average_pool),
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Conv": _conv,
    "Div": _elementwise(ops.divide),
    "Flatten": _flat,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda options, x: ops.mean(x, axis=(1, 2), keepdims=True),
    "MatMul": _matmul,
    "MaxPool": _pool(ops.max_pool),
    "Mul": _elementwise(ops.multiply),
    "PRelu": _prelu,
    "Pad": _pad,
    "Relu": lambda options, x: ops.relu(x),
    "Reshape": _flat,
    "Sub": _elementwise(ops.subtract),
    "Transpose": _transpose,
}


def _graph(path: Path) -> Any:
    if not path.is_file():
        raise FileMissing(f"no network at {path}")
    require("reading ONNX", ("onnx",), "onnx")
    import onnx  # noqa: PLC0415 (an extra)
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    try:
        return onnx.load(path).graph
    except DecodeError as error:
        raise ArtifactInvalid(f"{path} is no ONNX file: {error}") from error


def _array(tensor: Any) -> NDArray[Any]:
    from onnx import numpy_helper  # noqa: PLC0415 (an extra)

    return np.asarray(numpy_helper.to_array(tensor))


def _attributes(node: Node) -> dict[str, Any]:
    from onnx import helper  # noqa: PLC0415 (an extra)

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}
