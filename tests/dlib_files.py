"""Files as dlib writes them: the few kinds of values and layers of its face network."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

SIDE_PX, DIM, MEAN = 22, 5, (120.0, 110.5, 100.25)
EMPTY = np.zeros((0, 0, 0, 0), np.float32)
MARK, LAYER, FIRST = 1, 2, 3


def integer(value: int) -> bytes:
    count = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([count | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(count, "little")


def fraction(value: float) -> bytes:
    mantissa, exponent = math.frexp(value)
    return integer(int(mantissa * 2**24)) + integer(exponent - 24)


def text(value: str) -> bytes:
    return integer(len(value)) + value.encode()


def integers(*values: int) -> bytes:
    return b"".join(map(integer, values))


def tensor(values: Values) -> bytes:
    return integers(2, *values.shape) + values.astype("<f4").tobytes()


def alias(*shape: int) -> bytes:
    return integers(1, *shape)


def convolution(kernel: Values, bias: Values, stride: int, pad: int) -> bytes:
    outputs, _, rows, columns = kernel.shape
    params = np.concatenate([kernel.ravel(), bias]).reshape(-1, 1, 1, 1)
    numbers = integers(outputs, rows, columns, stride, stride, pad, pad)
    aliases = alias(*kernel.shape) + alias(1, outputs, 1, 1)
    return text("con_4") + tensor(params) + numbers + aliases + fraction(1.0) * 3 + fraction(0.0)


def scale(factor: Values, shift: Values) -> bytes:
    params = np.concatenate([factor, shift]).reshape(-1, 1, 1, 1)
    return text("affine_") + tensor(params) + alias(1, len(factor), 1, 1) * 2 + integer(0)


def pool(kind: str, side: int, stride: int) -> bytes:
    return text(f"{kind}_pool_2") + integers(side, side, stride, stride, 0, 0)


def dense(matrix: Values) -> bytes:
    inputs, outputs = matrix.shape
    shape = (inputs, outputs, 1, 1)
    numbers = tensor(matrix.reshape(shape)) + alias(*shape) + alias(0, 0, 0, 0) + integer(1)
    return text("fc_2") + integers(outputs, inputs) + numbers + fraction(1.0) * 3 + fraction(0.0)


def write_dlib_file(
    path: Path, layers: list[bytes | None], *, side_px: int, mean: tuple[float, float, float]
) -> Path:
    """A network as dlib lays it out.

    Args:
        path: the file to write.
        layers: from the pixels to the embedding; None is a mark.
        side_px: of its picture.
        mean: of red, green and blue.
    """
    state = b"110" + tensor(EMPTY) * 3
    first, *others = layers
    assert first is not None
    data = integer(1) + text("loss_metric_2") + fraction(0.04) + fraction(0.6)
    for layer in reversed(others):
        data += integer(MARK if layer is None else LAYER)
    data += integer(FIRST) + text("input_rgb_image_sized")
    data += b"".join(map(fraction, mean)) + integers(side_px, side_px)
    data += first + state + integer(1)
    data += b"".join(layer + state for layer in others if layer is not None)
    path.write_bytes(data)
    return path


@dataclass(frozen=True, eq=False)
class SmallNetwork:
    """A stem, a block as wide as it and one that halves the map and doubles the channels."""

    kernels: list[Values]
    biases: list[Values]
    scales: list[tuple[Values, Values]]
    matrix: Values

    def layers(self) -> list[bytes | None]:
        stem, a, b, c, d = (
            [convolution(kernel, bias, stride, pad), scale(*factor_and_shift)]
            for kernel, bias, factor_and_shift, (stride, pad) in zip(
                self.kernels, self.biases, self.scales, WINDOWS, strict=True
            )
        )
        relu, total = text("relu_"), text("add_prev_")
        return [
            *stem, relu, pool("max", 3, 2),
            None, *a, relu, *b, total, relu,
            None, *c, relu, *d, None, None, pool("avg", 2, 2), total, relu,
            pool("avg", 0, 1), dense(self.matrix),
        ]  # fmt: skip

    def embedding(self, picture: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of float64[3, 22, 22] from 0 to 255, by the definitions of the layers."""
        x = (picture - np.reshape(MEAN, (3, 1, 1))) / 256
        x = _windows(np.maximum(self._convolved(x, 0), 0), 3, 2).max(axis=(3, 4))
        y = self._convolved(np.maximum(self._convolved(x, 1), 0), 2)
        x = np.maximum(x + y, 0)
        y = self._convolved(np.maximum(self._convolved(x, 3), 0), 4)
        total = np.zeros((8, 2, 2))
        total[:, :1, :1] += y
        total[:4] += _windows(x, 2, 2).mean(axis=(3, 4))
        embedding: NDArray[np.float64] = np.maximum(total, 0).mean(axis=(1, 2)) @ self.matrix
        return embedding

    def _convolved(self, x: NDArray[np.float64], number: int) -> NDArray[np.float64]:
        kernel, (stride, pad) = self.kernels[number], WINDOWS[number]
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        seen = _windows(padded, kernel.shape[2], stride)
        y = np.einsum("ihwrc,oirc->ohw", seen, kernel) + self.biases[number][:, None, None]
        factor, shift = self.scales[number]
        scaled: NDArray[np.float64] = y * factor[:, None, None] + shift[:, None, None]
        return scaled


# Stride and pad of each convolution: 22 px become 10, by the pool 4; the second block's own path
# makes 1 of these and its shortcut 2.
WINDOWS = ((2, 0), (1, 1), (1, 1), (2, 0), (1, 1))


def small_network(seed: int = 0) -> SmallNetwork:
    rng = np.random.default_rng(seed)
    channels = ((3, 4), (4, 4), (4, 4), (4, 8), (8, 8))

    def drawn(*shape: int) -> Values:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    return SmallNetwork(
        kernels=[drawn(outputs, inputs, 3, 3) for inputs, outputs in channels],
        biases=[drawn(outputs) for _, outputs in channels],
        scales=[(drawn(outputs), drawn(outputs)) for _, outputs in channels],
        matrix=drawn(8, DIM),
    )


def write_small_network(path: Path, layers: list[bytes | None] | None = None) -> Path:
    """The file of `small_network()`, or of other layers with its head."""
    layers = small_network().layers() if layers is None else layers
    return write_dlib_file(path, layers, side_px=SIDE_PX, mean=MEAN)


def _windows(x: NDArray[Any], side: int, stride: int) -> NDArray[Any]:
    seen = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))
    return seen[:, ::stride, ::stride]
