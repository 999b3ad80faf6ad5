"""A tiny ONNX embedding network and its model folder, as somebody else would export it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact, Manifest, write_artifact
from facenet_res.core.manifest import ColourOrder, Layout

DIM = 8
SIDE_PX = 112


def write_onnx_file(
    path: Path, layout: Layout = "NCHW", batch: int | str = "batch", dim: int = DIM
) -> Path:
    """The mean colour of each of 16 tiles, times a random matrix: float[B, 3, 112, 112] -> [B, D].

    Args:
        path: the file to write.
        layout: axes of the input.
        batch: a number fixes it, a name leaves it open.
        dim: length of an embedding.
    """
    onnx: Any = pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    shape = [batch, 3, SIDE_PX, SIDE_PX] if layout == "NCHW" else [batch, SIDE_PX, SIDE_PX, 3]
    matrix = np.random.default_rng(0).normal(size=(48, dim)).astype(np.float32)
    rows = batch if isinstance(batch, int) else -1
    nodes = [
        helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Reshape", ["pooled", "rows"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    order = [0, 3, 1, 2] if layout == "NHWC" else [0, 1, 2, 3]
    nodes.insert(0, helper.make_node("Transpose", ["faces"], ["x"], perm=order))
    graph = helper.make_graph(
        nodes,
        "tiles",
        [helper.make_tensor_value_info("faces", kind, shape)],
        [helper.make_tensor_value_info("embedding", kind, [batch, dim])],
        [
            onnx.numpy_helper.from_array(matrix, "matrix"),
            onnx.numpy_helper.from_array(np.array([rows, 48]), "rows"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def with_input_type(path: Path, kind: str) -> Path:
    """Gives the file's network an input of another type, cast to float at once."""
    onnx: Any = pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")
    model = onnx.load(path)
    entry = model.graph.input[0]
    cast = onnx.helper.make_node("Cast", [entry.name], ["cast"], to=onnx.TensorProto.FLOAT)
    model.graph.node[0].input[0] = "cast"
    model.graph.node.insert(0, cast)
    entry.type.tensor_type.elem_type = onnx.TensorProto.DataType.Value(kind)
    onnx.save(model, path)
    return path


def write_prelu_file(path: Path, slope: tuple[int, ...], *, lists_weights: bool = False) -> Path:
    """A convolution of 8 channels and 16x16 px, a PReLU `relu0`, pooling and 16 values.

    Args:
        path: the file to write.
        slope: shape of the PReLU's slopes.
        lists_weights: whether weights are listed among the inputs, as in older files.
    """
    onnx: Any = pytest.importorskip("onnx", reason="needs onnx (extra `onnx`)")
    helper, kind, rng = onnx.helper, onnx.TensorProto.FLOAT, np.random.default_rng(0)
    shapes = {"kernel": (8, 3, 7, 7), "slope": slope, "matrix": (16, 128)}
    weights = [
        onnx.numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["faces", "kernel"], ["c"], kernel_shape=[7, 7], strides=[7, 7]),
        helper.make_node("PRelu", ["c", "slope"], ["p"], name="relu0"),
        helper.make_node("MaxPool", ["p"], ["m"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "matrix"], ["embedding"], transB=1),
    ]
    inputs = [helper.make_tensor_value_info("faces", kind, [1, 3, SIDE_PX, SIDE_PX])]
    if lists_weights:
        inputs += [helper.make_tensor_value_info(n, kind, shape) for n, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info("embedding", kind, [1, 16])]
    graph = helper.make_graph(nodes, "prelu", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def write_onnx_artifact(
    folder: Path,
    *,
    layout: Layout = "NCHW",
    batch: int | str = "batch",
    colour_order: ColourOrder = "RGB",
    manifest_dim: int = DIM,
) -> Artifact:
    """The same as a model folder, with a manifest that need not be right."""
    source = write_onnx_file(folder.with_suffix(".onnx"), layout, batch)
    manifest = Manifest(
        model_id="tiles-1", embedding_dim=manifest_dim, layout=layout, colour_order=colour_order
    )
    return write_artifact(folder, manifest, [("onnx", source)])
