"""A photograph that is decoded only as finely as it is looked at.

A JPEG of 12 megapixels takes 36 MB and most of the time of a request. Its decoder can leave out
fine detail and write a half, a quarter or an eighth of each side; faces that are large in the
photograph are found and cut out of that. What is finer is decoded when something needs it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.imaging.decode import ImageLimits, checked_layout, decode_layout
from facenet_res.imaging.layout import ImageLayout

_SHRINKS: Final = (8, 4, 2)
# Orientations whose upright picture has the stored right side on its left, or the stored lower
# side on top; and those that lie on their side.
_FLIPS_X: Final = (2, 3, 6, 7)
_FLIPS_Y: Final = (3, 4, 7, 8)
_ON_SIDE: Final = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A photograph's pixels at a whole fraction of its size, upright.

    Attributes:
        pixels: uint8[h, w, 3], RGB.
        shrink: pixels of the photograph for each of the copy, along one side: 1, 2, 4 or 8.
        offset_px: where the copy's grid starts in the photograph, x and y, in (-shrink, 0]: below
            0 where the side that was filled up to whole blocks has come to lie left or on top.
    """

    pixels: Image
    shrink: int
    offset_px: tuple[int, int] = (0, 0)

    def to_photograph(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Points of the copy, float[..., 2] with pixel centres at .0, in the photograph."""
        moved: NDArray[np.float64] = (
            (np.asarray(points, np.float64) + 0.5) * self.shrink - 0.5 + self.offset_px
        )
        return moved


class Photograph:
    """An image file within its limits, decoded at the sizes that are asked for. For one thread."""

    def __init__(self, data: bytes, limits: ImageLimits) -> None:
        """Reads the header.

        Raises:
            ImageTooLarge, ImageUnreadable: as for `decode_image`.
        """
        self._layout: ImageLayout = checked_layout(data, limits)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the upright photograph at full size."""
        size_px = self._layout.width_px, self._layout.height_px
        return size_px[::-1] if self._layout.orientation in _ON_SIDE else size_px

    @cached_property
    def whole(self) -> Copy:
        """At full size.

        Raises:
            ImageUnreadable: as for `decode_image`.
        """
        return Copy(decode_layout(self._layout), 1)

    def reduced(self, side_px_min: int | None) -> Copy:
        """The smallest copy that is large enough; the whole where it is no JPEG.

        Args:
            side_px_min: of the copy's longer side; None for the whole.

        Raises:
            ImageUnreadable: as for `decode_image`.
        """
        shrink = 1
        if side_px_min is not None and self._layout.format == "JPEG":
            longer_px = max(self.size_px)
            shrink = next((each for each in _SHRINKS if longer_px >= each * side_px_min), 1)
        if shrink == 1:
            return self.whole
        pixels = decode_layout(self._layout, shrink)
        # The last row and column stand for whole squares, of which the photograph has a part.
        over_px = [pixels.shape[1 - axis] * shrink - self.size_px[axis] for axis in (0, 1)]
        flips = (self._is_flipped(_FLIPS_X), self._is_flipped(_FLIPS_Y))
        left, top = (-over if flip else 0 for over, flip in zip(over_px, flips, strict=True))
        return Copy(pixels, shrink, (left, top))

    def _is_flipped(self, orientations: tuple[int, ...]) -> bool:
        return self._layout.orientation in orientations
