"""dlib's face network as an ONNX file that takes our crops, to teach or to be served as it is.

dlib's own crop shows more of the forehead and less of the chin, at half again the size, so the
graph begins with two products that sample its picture out of ours, bilinearly, rows and columns
apart. Below our crop's last row, where dlib's reaches on for 8 px of chin, that row is repeated.

Source: dlib/image_transforms/interpolation.h, `get_face_chip_details`, for five landmarks.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from facenet_res.core.dlib.layers import CHANNELS, Convolution, Pool
from facenet_res.core.dlib.network import Block, DlibNetwork, read_dlib_network
from facenet_res.core.dlib.weights import fed_as_ours
from facenet_res.core.errors import ArgumentInvalid, ArtifactInvalid
from facenet_res.core.extras import require
from facenet_res.core.face_template import chip_samples
from facenet_res.core.files import write_atomically
from facenet_res.core.types import FACE_SIDE_PX

OPSET: Final = 13
IR_VERSION: Final = 8


@dataclass(frozen=True, slots=True)
class DlibTeacher:
    """What was written.

    Attributes:
        embedding_dim: length of its embeddings.
        blocks: residual blocks.
        parameters: weights, with what scales are folded into.
        bytes: of the file.
    """

    embedding_dim: int
    blocks: int
    parameters: int
    bytes: int


def write_dlib_teacher(source: Path, out: Path, *, overwrite: bool = False) -> DlibTeacher:
    """Reads dlib's file and writes the ONNX file, whole or not at all.

    Its input is float32[B, 3, 112, 112], RGB, (value - 127.5) / 127.5, its output
    float32[B, D], not of unit length.

    Args:
        source: such as dlib_face_recognition_resnet_model_v1.dat.
        out: the ONNX file.
        overwrite: whether a file that stands at `out` is replaced.

    Raises:
        FileMissing: there is no file at `source`.
        ArgumentInvalid: something stands at `out`.
        ArtifactInvalid: `source` is no such network, or cut off, or damaged.
        EngineUnavailable: the package onnx is not installed.
        DiskFull, NotWritable: nothing could be written.
    """
    if out.is_dir() or (out.exists() and not overwrite):
        raise ArgumentInvalid(f"{out} exists already; --overwrite (overwrite=True) replaces it")
    network = read_dlib_network(source)
    onnx = _onnx()
    graph = _Graph(onnx)
    try:
        graph.add_network(network)
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{source} cannot be computed: {error}") from error
    data: bytes = graph.model(network.matrix.shape[1]).SerializeToString()
    write_atomically(out, data)
    convolutions = [network.stem, *(c for block in network.blocks for c in block.convolutions)]
    return DlibTeacher(
        embedding_dim=network.matrix.shape[1],
        blocks=len(network.blocks),
        parameters=sum(c.kernel.size + c.bias.size for c in convolutions) + network.matrix.size,
        bytes=len(data),
    )


def _onnx() -> Any:
    require("writing ONNX", ("onnx",), "onnx")
    return importlib.import_module("onnx")


@dataclass(frozen=True, slots=True)
class _Map:
    """A value of the graph, and its size."""

    name: str
    channels: int
    side_px: int


class _Graph:
    """Nodes and constants of an ONNX graph, added one after the other."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add_network(self, network: DlibNetwork) -> None:
        """From "faces" to "embedding"; "chip" is dlib's picture, in our range of values."""
        rows, columns = chip_samples(network.side_px)
        wide = self._node("MatMul", "faces", self._constant(columns.T))
        self._node("MatMul", self._constant(rows), wide, output="chip")
        x = _Map("chip", CHANNELS, network.side_px)
        x = self._relu(self._convolution(x, fed_as_ours(network)))
        x = self._pool(x, network.pool)
        for block in network.blocks:
            x = self._block(x, block)
        mean = self._node("GlobalAveragePool", x.name)
        flat = self._node("Flatten", mean)
        self._node("MatMul", flat, self._constant(network.matrix), output="embedding")

    def model(self, dim: int) -> Any:
        """The finished onnx.ModelProto."""
        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT
        sizes = ["batch", CHANNELS, FACE_SIDE_PX, FACE_SIDE_PX]
        graph = helper.make_graph(
            self._nodes,
            "dlib_face_resnet",
            [helper.make_tensor_value_info("faces", kind, sizes)],
            [helper.make_tensor_value_info("embedding", kind, ["batch", dim])],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="facenet-res"
        )

    def _block(self, x: _Map, block: Block) -> _Map:
        y = self._convolution(self._relu(self._convolution(x, block.first)), block.second)
        short = x if block.shortcut is None else self._pool(x, block.shortcut)
        channels, side_px = max(y.channels, short.channels), max(y.side_px, short.side_px)
        first, second = (self._filled(each, channels, side_px) for each in (y, short))
        total = self._node("Add", first, second)
        return self._relu(_Map(total, channels, side_px))

    def _convolution(self, x: _Map, one: Convolution) -> _Map:
        side_px = _shrunk(x.side_px + 2 * one.pad_px, one.kernel.shape[2], one.stride_px)
        name = self._node(
            "Conv",
            x.name,
            self._constant(one.kernel),
            self._constant(one.bias),
            kernel_shape=list(one.kernel.shape[2:]),
            strides=[one.stride_px] * 2,
            pads=[one.pad_px] * 4,
        )
        return _Map(name, len(one.bias), side_px)

    def _pool(self, x: _Map, pool: Pool) -> _Map:
        side_px = _shrunk(x.side_px, pool.side_px, pool.stride_px)
        kind = "MaxPool" if pool.kind == "max" else "AveragePool"
        square, strides = [pool.side_px] * 2, [pool.stride_px] * 2
        name = self._node(kind, x.name, kernel_shape=square, strides=strides)
        return _Map(name, x.channels, side_px)

    def _relu(self, x: _Map) -> _Map:
        return _Map(self._node("Relu", x.name), x.channels, x.side_px)

    def _filled(self, x: _Map, channels: int, side_px: int) -> str:
        """With zeros behind the last channel, row and column."""
        more, px = channels - x.channels, side_px - x.side_px
        if not more and not px:
            return x.name
        return self._node("Pad", x.name, self._constant(np.array([0, 0, 0, 0, 0, more, px, px])))

    def _constant(self, values: Any) -> str:
        name = f"constant{len(self._constants)}"
        contiguous = np.ascontiguousarray(values)
        self._constants.append(self._onnx.numpy_helper.from_array(contiguous, name))
        return name

    def _node(self, kind: str, *inputs: str, output: str = "", **options: Any) -> str:
        output = output or f"value{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **options))
        return output


def _shrunk(side_px: int, window_px: int, stride_px: int) -> int:
    if window_px > side_px:
        raise ArtifactInvalid(f"a window of {window_px} px on a map of {side_px} px")
    return (side_px - window_px) // stride_px + 1
