"""`data.augment` for a whole batch on the device, in `keras.ops`.

Differs from it so: an image gets a blur or a low resolution, not both; motion is along one
axis; JPEG keeps the colours at full resolution; what moves in from beyond the edge is black there
and here. The order is the same.
"""

from typing import Any

import numpy as np
from keras import ops

from facenet_res.core.types import FACE_SIDE_PX
from facenet_res.data.device_doses import Doses
from facenet_res.data.separable import JPEG_BLOCK_PX, FilterTable, cosine_blocks

GREY = (0.299, 0.587, 0.114)
YCC = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])
# Tables K.1 and K.2 of ITU-T T.81 (JPEG), luminance and chrominance.
LUMA = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87
80 62 18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98
112 100 103 99"""
CHROMA = (
    """17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99
99 99"""
    + " 99" * 32
)


class DeviceAugment:
    """The tables on the device, and the function over them.

    Call: uint8[B, 112, 112, 3] RGB and the fields of Doses as device arrays, in their order
    -> uint8[B, 112, 112, 3] RGB.
    """

    def __init__(self, table: FilterTable, noise: Any) -> None:
        """Moves the tables to the device.

        Args:
            table: of `separable.filter_table`.
            noise: float32[N], of `device_doses.noise_plane`.
        """
        self._filters = ops.convert_to_tensor(table.matrices)
        self._noise = ops.convert_to_tensor(noise)
        self._cosines = ops.convert_to_tensor(cosine_blocks())
        self._ycc = ops.convert_to_tensor(YCC.T.astype(np.float32))
        self._rgb = ops.convert_to_tensor(np.linalg.inv(YCC).T.astype(np.float32))
        self._steps = ops.convert_to_tensor(_quantisation_steps())

    def __call__(self, faces: Any, *fields: Any) -> Any:
        """One random version of each face."""
        doses = Doses(*fields)
        x = _moved(ops.cast(faces, "float32"), doses.transform)
        x = _tone(x, doses.tone)
        x = _covered(x, doses.box, doses.box_colour)
        x = self._filtered(x, doses.filters)
        x = self._noisy(x, doses)
        x = self._jpeg(x, doses.jpeg)
        share = ops.reshape(doses.mix, (-1, 1, 1, 1))
        x = share * x + (1.0 - share) * ops.roll(x, 1, axis=0)
        return ops.cast(ops.clip(ops.round(x), 0, 255), "uint8")

    def _filtered(self, x: Any, numbers: Any) -> Any:
        rows = ops.take(self._filters, numbers[:, 0], axis=0)
        columns = ops.take(self._filters, numbers[:, 1], axis=0)
        x = ops.einsum("byx,bxwc->bywc", rows, x)
        return ops.einsum("bkx,byxc->bykc", columns, x)

    def _noisy(self, x: Any, doses: Doses) -> Any:
        places = doses.noise_start[:, None] + ops.arange(FACE_SIDE_PX**2 * 3, dtype="int32")[None]
        noise = ops.reshape(ops.take(self._noise, places, axis=0), ops.shape(x))
        return ops.clip(x + ops.reshape(doses.noise, (-1, 1, 1, 1)) * noise, 0, 255)

    def _jpeg(self, x: Any, steps: Any) -> Any:
        waves = ops.einsum("ky,byxc->bkxc", self._cosines, ops.matmul(x - 128.0, self._ycc))
        waves = ops.einsum("mx,bkxc->bkmc", self._cosines, waves)
        # JPEG keeps whole multiples of a step, and no step is below 1.
        step = ops.maximum(ops.reshape(steps, (-1, 1, 1, 1)) * self._steps[None], 1.0)
        waves = ops.round(waves / step) * step
        pixels = ops.einsum("ky,bkmc->bymc", self._cosines, waves)
        pixels = ops.einsum("mx,bymc->byxc", self._cosines, pixels)
        decoded = ops.clip(ops.matmul(pixels, self._rgb) + 128.0, 0, 255)
        return ops.where(ops.reshape(steps, (-1, 1, 1, 1)) > 0, decoded, x)


def to_device(doses: Doses) -> list[Any]:
    """The fields of the doses, in their order, as arrays of the Keras backend."""
    return [ops.convert_to_tensor(getattr(doses, name)) for name in Doses.__dataclass_fields__]


def _moved(x: Any, transform: Any) -> Any:
    """Bilinear, black beyond the edge.

    Not `keras.ops.image.affine_transform`: on PyTorch (Keras 3.15) that one loops over the
    images and writes into the transform that it was given.
    """
    size, side, _, channels = x.shape
    px = ops.arange(side, dtype="float32")
    across, down = px[None, None, :], px[None, :, None]
    a0, a1, a2, b0, b1, b2 = (ops.reshape(transform[:, i], (-1, 1, 1)) for i in range(6))
    source_x, source_y = a0 * across + a1 * down + a2, b0 * across + b1 * down + b2
    left, top = ops.floor(source_x), ops.floor(source_y)
    flat = ops.reshape(x, (-1, channels))
    first = ops.reshape(ops.arange(size, dtype="int32") * side * side, (-1, 1, 1))
    total = 0.0
    for step_x, step_y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        tap_x, tap_y = left + step_x, top + step_y
        weight = (1.0 - ops.abs(source_x - tap_x)) * (1.0 - ops.abs(source_y - tap_y))
        is_inside = (tap_x >= 0) & (tap_x < side) & (tap_y >= 0) & (tap_y < side)
        row = ops.cast(ops.clip(tap_y, 0, side - 1), "int32")
        column = ops.cast(ops.clip(tap_x, 0, side - 1), "int32")
        taken = ops.take(flat, first + row * side + column, axis=0)
        total = total + taken * (weight * ops.cast(is_inside, "float32"))[..., None]
    return total


def _tone(x: Any, tone: Any) -> Any:
    contrast, brightness, gamma, saturation = (
        ops.reshape(tone[:, i], (-1, 1, 1, 1)) for i in range(4)
    )
    x = ops.clip((x - 127.5) * contrast + 127.5 + brightness, 0, 255)
    # The slope of x ** gamma at 0 is infinite, but nothing is differentiated here.
    x = 255.0 * ops.power(x / 255.0, gamma)
    grey = ops.sum(x * ops.convert_to_tensor(np.array(GREY, np.float32)), axis=-1, keepdims=True)
    return ops.clip(saturation * x + (1.0 - saturation) * grey, 0, 255)


def _covered(x: Any, boxes: Any, colours: Any) -> Any:
    px = ops.arange(FACE_SIDE_PX, dtype="int32")[None]
    across = (px >= boxes[:, 0:1]) & (px < boxes[:, 2:3])
    down = (px >= boxes[:, 1:2]) & (px < boxes[:, 3:4])
    inside = (down[:, :, None] & across[:, None, :])[..., None]
    return ops.where(inside, ops.reshape(colours, (-1, 1, 1, 3)), x)


def _quantisation_steps() -> Any:
    """float32[112, 112, 3], steps of quality 50 in every block."""
    blocks = FACE_SIDE_PX // JPEG_BLOCK_PX
    luma, chroma = (
        np.tile(np.array(text.split(), np.float32).reshape(8, 8), (blocks, blocks))
        for text in (LUMA, CHROMA)
    )
    return np.stack([luma, chroma, chroma], axis=-1)
