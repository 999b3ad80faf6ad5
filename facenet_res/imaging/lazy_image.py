"""An image from any source, decoded only when needed and only as finely as needed.

A JPEG of 12 megapixels takes 36 MB and most of the time of a request. Its decoder can skip fine
detail and write each side at a half, a quarter or an eighth; large faces are detected and cropped
from that. The full size is decoded when something needs it, and once.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_image
from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.files import given_path
from facenet_res.core.types import Image
from facenet_res.imaging.decode import (
    DEFAULT_LIMITS,
    ImageLimits,
    check_size,
    checked_header,
    decode,
    read_image_bytes,
)
from facenet_res.imaging.header import ImageHeader
from facenet_res.imaging.orientation import flips, upright_size

ImageSource = str | os.PathLike[str] | bytes | bytearray | memoryview | Image
"""A path (a str is one), the bytes of an image file, or uint8[H, W, 3] RGB."""

_SHRINKS: Final = (8, 4, 2)


@dataclass(frozen=True, slots=True, eq=False)
class ScaledImage:
    """An image's pixels at a whole fraction of its size, upright.

    Attributes:
        pixels: uint8[h, w, 3], RGB.
        shrink: pixels of the full size per pixel of these, along one side: 1, 2, 4 or 8.
        offset_px: where the grid of these pixels starts at full size, x and y, in (-shrink, 0]:
            below 0 where the side that was padded to whole blocks now lies left or on top.
    """

    pixels: Image
    shrink: int
    offset_px: tuple[int, int] = (0, 0)

    def to_full_size(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Maps points, float[..., 2] with pixel centres at .0, to the image at full size."""
        moved: NDArray[np.float64] = (
            (np.asarray(points, np.float64) + 0.5) * self.shrink - 0.5 + self.offset_px
        )
        return moved


class LazyImage:
    """An image within its limits, decoded at the sizes that are asked for. For one thread.

    Attributes:
        data: the bytes of the file; None for an image that was given as an array.
    """

    def __init__(self, data: bytes | None, stored: ImageHeader | Image) -> None:
        """See `open`."""
        self.data = data
        self._stored = stored

    @classmethod
    def open(
        cls, source: "ImageSource | LazyImage", limits: ImageLimits = DEFAULT_LIMITS
    ) -> "LazyImage":
        """Reads the file and its header, or checks the array; decodes nothing.

        Args:
            source: a path, the bytes of an image file, or uint8[H, W, 3] RGB, which is not copied.
                An opened image is returned as it is.
            limits: what to refuse.

        Raises:
            ArgumentInvalid: the source is of another type.
            ArrayInvalid: the array has another shape or type.
            FileMissing: there is no such file, or it cannot be read.
            ImageTooLarge, ImageUnreadable: as for `decode_image`.
        """
        if isinstance(source, LazyImage):
            return source
        if isinstance(source, np.ndarray):
            pixels = check_image(source)
            check_size(pixels.shape[1], pixels.shape[0], limits)
            return cls(None, pixels)
        data = _bytes_of(source, limits)
        return cls(data, checked_header(data, limits))

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the upright image at full size."""
        if isinstance(self._stored, np.ndarray):
            return self._stored.shape[1], self._stored.shape[0]
        stored = self._stored
        return upright_size(stored.width_px, stored.height_px, stored.orientation)

    @cached_property
    def whole(self) -> ScaledImage:
        """The image at full size.

        Raises:
            ImageUnreadable: as for `decode_image`.
        """
        stored = self._stored
        return ScaledImage(stored if isinstance(stored, np.ndarray) else decode(stored), 1)

    def reduced(self, side_px_min: int | None) -> ScaledImage:
        """Returns the smallest size that is large enough; full size unless a JPEG.

        Args:
            side_px_min: of the longer side; None for full size.

        Raises:
            ImageUnreadable: as for `decode_image`.
        """
        stored = self._stored
        if side_px_min is None or isinstance(stored, np.ndarray) or stored.format != "JPEG":
            return self.whole
        longer_px = max(self.size_px)
        shrink = next((each for each in _SHRINKS if longer_px >= each * side_px_min), 1)
        if shrink == 1:
            return self.whole
        pixels = decode(stored, shrink)
        # The last row and column stand for whole squares, of which the image has a part.
        over_px = [pixels.shape[1 - axis] * shrink - self.size_px[axis] for axis in (0, 1)]
        in_x, in_y = flips(stored.orientation)
        return ScaledImage(pixels, shrink, (-over_px[0] * in_x, -over_px[1] * in_y))


def _bytes_of(source: Any, limits: ImageLimits) -> bytes:
    """The bytes of an image file, given as bytes or as a path.

    Raises:
        ArgumentInvalid, FileMissing, ImageTooLarge: as for `LazyImage.open`.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return read_image_bytes(given_path(source, "image"), limits)
    found = f"{type(source).__module__}.{type(source).__qualname__}".removeprefix("builtins.")
    remedy = "; of an open file, pass file.read()" if hasattr(source, "read") else ""
    if hasattr(source, "__array__") or isinstance(source, list | tuple):
        remedy = "; convert it with numpy.asarray(image, numpy.uint8)"
    raise ArgumentInvalid(
        f"an image is a path (str or os.PathLike), the bytes of an image file or "
        f"uint8[H, W, 3] RGB; got {found}{remedy}"
    )
