"""The layers of a dlib network, as they lie in its file.

The file says first of each layer, from the embedding back, that there is one or a mark, then what
each is, from the pixels on. Read are those versions of the layers that the published
`dlib_face_recognition_resnet_model_v1.dat` was written with.

Source: dlib/dnn/core.h (`add_layer`, `add_tag_layer`, `add_skip_layer`), layers.h and input.h.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from facenet_res.core.dlib.stream import Array, DlibStream

LAYERS_MAX: Final = 1000
CHANNELS: Final = 3
SIDE_PX_MAX: Final = 1024
# What begins a layer: a mark, a layer, or the one that takes the image.
MARK, LAYER, FIRST_LAYER = 1, 2, 3
CONVOLUTION_MODE, WITHOUT_BIAS = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """kernel: float32[outputs, inputs, rows, columns]; bias: float32[outputs]."""

    kernel: Array
    bias: Array
    stride_px: int
    pad_px: int


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """x * factor + shift; float32[channels] each."""

    factor: Array
    shift: Array


@dataclass(frozen=True, slots=True)
class Pool:
    """The maximum or mean of squares; side_px 0 takes the whole map."""

    kind: Literal["max", "mean"]
    side_px: int
    stride_px: int


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """matrix: float32[inputs, outputs]."""

    matrix: Array


@dataclass(frozen=True, slots=True)
class Plain:
    """A layer without numbers; "mark" is none, but a place that is named."""

    kind: Literal["relu", "sum", "mark"]


Layer: TypeAlias = Convolution | Scale | Pool | Dense | Plain


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What stands in a file.

    Attributes:
        mean: float32[3], subtracted from red, green and blue, which are then divided by 256.
        side_px: of the image.
        layers: from the pixels to the embedding.
    """

    mean: Array
    side_px: int
    layers: tuple[Layer, ...]


def read_layers(stream: DlibStream) -> Layers:
    """Reads all of a network to the end of its file.

    Raises:
        ArtifactInvalid: the file is cut off, damaged, or holds a layer of another kind.
    """
    kinds = _kinds(stream)
    mean, side_px = _input(stream)
    layers: list[Layer] = []
    for kind in kinds:
        if kind == MARK:
            layers.append(Plain("mark"))
            continue
        layers.append(_layer(stream))
        _skip_training_state(stream, is_first=kind == FIRST_LAYER)
    if stream.left:
        raise stream.fault(f"{stream.left} bytes follow the last layer")
    return Layers(mean, side_px, tuple(layers))


def _kinds(stream: DlibStream) -> list[int]:
    """What the layers are, from the pixels on; in the file the last one stands first."""
    kinds: list[int] = []
    while not kinds or kinds[-1] != FIRST_LAYER:
        kinds.append(stream.integer())
        if kinds[-1] not in (MARK, LAYER, FIRST_LAYER) or len(kinds) > LAYERS_MAX:
            raise stream.fault(
                f"layer {len(kinds)} from the end has version {kinds[-1]}; known are 1 to 3, "
                f"and {LAYERS_MAX} layers at most"
            )
    return kinds[::-1]


def _input(stream: DlibStream) -> tuple[Array, int]:
    stream.expect_text("input_rgb_image_sized")
    mean = np.array([stream.fraction() for _ in range(CHANNELS)], np.float32)
    rows, columns = stream.integer(), stream.integer()
    if rows != columns or not 1 <= rows <= SIDE_PX_MAX:
        raise stream.fault(f"an image of {columns}x{rows} px, wanted a square up to {SIDE_PX_MAX}")
    return mean, rows


def _layer(stream: DlibStream) -> Layer:
    name = stream.text()
    if name not in _READERS:
        raise stream.fault(f"a layer {name!r}, known are {sorted(_READERS)}")
    return _READERS[name](stream)


def _convolution(stream: DlibStream) -> Convolution:
    values = stream.tensor().reshape(-1)
    outputs, rows, columns = (stream.integer() for _ in range(3))
    stride, pad_px = _pair(stream, "strides"), _pair(stream, "pads", least=0)
    shape, bias_shape = stream.alias(), stream.alias()
    _skip_multipliers(stream)
    count = math.prod(shape)
    if shape != (outputs, shape[1], rows, columns) or bias_shape != (1, outputs, 1, 1):
        raise stream.fault(f"a convolution of {outputs} outputs has a kernel of shape {shape}")
    if not count or len(values) != count + outputs:
        raise stream.fault(f"a kernel of shape {shape} and a bias in {len(values)} values")
    return Convolution(values[:count].reshape(shape), values[count:], stride, pad_px)


def _scale(stream: DlibStream) -> Scale:
    values = stream.tensor().reshape(-1)
    shapes = stream.alias(), stream.alias()
    stream.expect(CONVOLUTION_MODE, "the mode of a scale")
    channels = len(values) // 2
    if len(values) % 2 or shapes != ((1, channels, 1, 1),) * 2:
        raise stream.fault(f"a scale of shapes {shapes} in {len(values)} values")
    return Scale(values[:channels], values[channels:])


def _pool(stream: DlibStream, kind: Literal["max", "mean"]) -> Pool:
    side_px, stride = _pair(stream, "sides", least=0), _pair(stream, "strides")
    if pads := _pair(stream, "pads", least=0):
        raise stream.fault(f"a pool with pads of {pads} px, which the network does not have")
    return Pool(kind, side_px, stride)


def _dense(stream: DlibStream) -> Dense:
    outputs, inputs = stream.integer(), stream.integer()
    matrix = stream.tensor()
    shape, bias_shape = stream.alias(), stream.alias()
    stream.expect(WITHOUT_BIAS, "the mode of the last layer")
    _skip_multipliers(stream)
    if matrix.shape != (inputs, outputs, 1, 1) or shape != matrix.shape or any(bias_shape):
        raise stream.fault(f"a matrix of shape {matrix.shape} from {inputs} to {outputs} values")
    if not matrix.size:
        raise stream.fault("an empty matrix")
    return Dense(matrix.reshape(inputs, outputs))


def _pair(stream: DlibStream, what: str, *, least: int = 1) -> int:
    """One number for rows and columns."""
    first, second = stream.integer(), stream.integer()
    if first != second or not least <= first <= SIDE_PX_MAX:
        raise stream.fault(
            f"{what} of {first} and {second}, wanted two alike from {least} to {SIDE_PX_MAX}"
        )
    return first


def _skip_multipliers(stream: DlibStream) -> None:
    for _ in range(4):  # Rate and decay of weights, then those of biases.
        stream.fraction()


def _skip_training_state(stream: DlibStream, *, is_first: bool) -> None:
    for _ in range(3):
        stream.flag()
    for _ in range(3):  # Gradients and the last output, mostly empty.
        stream.tensor()
    if is_first:
        stream.expect(1, "the number of samples made of one image")


_READERS: Mapping[str, Callable[[DlibStream], Layer]] = {
    "con_4": _convolution,
    "affine_": _scale,
    "max_pool_2": lambda stream: _pool(stream, "max"),
    "avg_pool_2": lambda stream: _pool(stream, "mean"),
    "fc_2": _dense,
    "relu_": lambda stream: Plain("relu"),
    "add_prev_": lambda stream: Plain("sum"),
}
