"""dlib's face network out of its .dat file: its layers, put together to blocks.

A file names its layers, but not how they hang together: that stands in dlib's C++ type. All it has
of it are marks: one where a block keeps its input for the sum at its end, two where a block that
halves the map turns to that input again. So the layers are held to the one form that the type
has, and another order is refused.

Source: dlib/dnn/loss.h (`loss_metric_`); the type in examples/dnn_face_recognition_ex.cpp.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from facenet_res.core.dlib.layers import (
    CHANNELS,
    Convolution,
    Dense,
    Layer,
    Layers,
    Plain,
    Pool,
    Scale,
    read_layers,
)
from facenet_res.core.dlib.stream import Array, DlibStream
from facenet_res.core.errors import ArtifactInvalid, FileMissing

FILE_BYTES_MAX: Final = 1 << 28
LOSS_VERSION: Final = 1

Kind = TypeVar("Kind", Convolution, Scale, Pool, Dense, Plain)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """relu(second(relu(first(x))) + shortcut(x)).

    The smaller of both summands is filled up with zeros: channels, rows and columns at the end.

    Attributes:
        first, second: convolutions, their scale in them.
        shortcut: mean over squares, where the block halves its map; None is x itself.
    """

    first: Convolution
    second: Convolution
    shortcut: Pool | None

    @property
    def convolutions(self) -> tuple[Convolution, Convolution]:
        """Both."""
        return self.first, self.second


@dataclass(frozen=True, slots=True, eq=False)
class DlibNetwork:
    """pool(relu(stem(x))), the blocks, the mean over the map, a matrix.

    Attributes:
        mean: float32[3], subtracted from red, green and blue, which are then divided by 256.
        side_px: of its image.
        stem: the first convolution, its scale in it.
        pool: after it.
        blocks: in order.
        matrix: float32[channels, D].
    """

    mean: Array
    side_px: int
    stem: Convolution
    pool: Pool
    blocks: tuple[Block, ...]
    matrix: Array


def read_dlib_network(path: Path) -> DlibNetwork:
    """Reads the file, without dlib.

    Raises:
        FileMissing: there is no file.
        ArtifactInvalid: it is cut off, too large, of another kind, damaged, or another network.
    """
    if not path.is_file():
        raise FileMissing(f"no dlib network at {path}")
    size_bytes = path.stat().st_size
    if size_bytes > FILE_BYTES_MAX:
        raise ArtifactInvalid(f"{path} has {size_bytes} bytes, limit is {FILE_BYTES_MAX}")
    try:
        return _network(DlibStream(path.read_bytes()))
    except ArtifactInvalid as error:
        raise ArtifactInvalid(f"{path} is no face network of dlib's: {error}") from error


def _network(stream: DlibStream) -> DlibNetwork:
    stream.expect(LOSS_VERSION, "the version of the loss")
    stream.expect_text("loss_metric_2")
    for _ in range(2):  # Margin and threshold of the training.
        stream.fraction()
    return _assembled(read_layers(stream))


def _assembled(found: Layers) -> DlibNetwork:
    cursor = _Cursor(found.layers)
    stem = cursor.scaled_convolution(CHANNELS)
    cursor.plain("relu")
    pool = cursor.take(Pool)
    channels = len(stem.bias)
    blocks = []
    while cursor.is_at_mark:
        blocks.append(_block(cursor, channels))
        channels = max(channels, len(blocks[-1].second.bias))
    whole = cursor.take(Pool)
    matrix = cursor.take(Dense).matrix
    cursor.end()
    if not pool.side_px or whole.side_px or whole.kind != "mean" or len(matrix) != channels:
        raise ArtifactInvalid(
            f"after {pool} and {len(blocks)} blocks {channels} channels end in {whole} and a "
            f"matrix of shape {matrix.shape}"
        )
    return DlibNetwork(found.mean, found.side_px, stem, pool, tuple(blocks), matrix)


def _block(cursor: "_Cursor", channels: int) -> Block:
    cursor.plain("mark")
    first = cursor.scaled_convolution(channels)
    cursor.plain("relu")
    second = cursor.scaled_convolution(len(first.bias))
    shortcut = None
    if cursor.is_at_mark:
        cursor.plain("mark")
        cursor.plain("mark")
        shortcut = cursor.take(Pool)
        if shortcut.kind != "mean" or not shortcut.side_px:
            raise ArtifactInvalid(f"the shortcut of a block is {shortcut}")
    cursor.plain("sum")
    cursor.plain("relu")
    return Block(first, second, shortcut)


class _Cursor:
    """Layers, taken in order, each held to what is due."""

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers
        self._at = 0

    @property
    def is_at_mark(self) -> bool:
        return self._layers[self._at : self._at + 1] == (Plain("mark"),)

    def take(self, kind: type[Kind]) -> Kind:
        layer = self._layers[self._at] if self._at < len(self._layers) else None
        if not isinstance(layer, kind):
            raise self._fault(kind.__name__.lower())
        self._at += 1
        return layer

    def plain(self, kind: str) -> None:
        if self.take(Plain).kind != kind:
            self._at -= 1
            raise self._fault(kind)

    def scaled_convolution(self, channels: int) -> Convolution:
        """A convolution of so many inputs, with the scale that follows it in its numbers."""
        one, scale = self.take(Convolution), self.take(Scale)
        if one.kernel.shape[1] != channels or len(scale.factor) != len(one.bias):
            raise ArtifactInvalid(
                f"a kernel of shape {one.kernel.shape} on {channels} channels, and a scale of "
                f"{len(scale.factor)} after it"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            kernel = one.kernel * scale.factor[:, None, None, None]
            bias = one.bias * scale.factor + scale.shift
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise ArtifactInvalid("a kernel times its scale is beyond float32")
        return Convolution(kernel, bias, one.stride_px, one.pad_px)

    def end(self) -> None:
        if self._at < len(self._layers):
            raise self._fault("the end")

    def _fault(self, due: str) -> ArtifactInvalid:
        found = "missing"
        if self._at < len(self._layers):
            layer = self._layers[self._at]
            found = layer.kind if isinstance(layer, Plain) else type(layer).__name__.lower()
        return ArtifactInvalid(f"layer {self._at + 1} is {found}, {due} is due")
