"""An image and its halved copies: what a detector that looks at many scales samples from.

A box of 500 px brought to 24 px straight from the image would read one pixel in twenty; from the
copy that was halved four times it reads nearly all. Each copy is made once, when first needed;
all of them together take a third of the image's memory.
"""

from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.imaging.warp import resize, warp_affine

GREY: Final = 128
"""What lies around the image: the middle of the range, which networks see as zero."""


class ImagePyramid:
    """An image at full, half, quarter ... size. For one thread.

    Pixel (x, y) of the image lies at ((x + 0.5) / 2**k - 0.5, ...) in the copy halved k times.
    """

    def __init__(self, image: Image) -> None:
        """Takes uint8[H, W, 3]; it is not copied and must not change meanwhile."""
        self._levels = [image]

    @cached_property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the image."""
        height_px, width_px = self._levels[0].shape[:2]
        return width_px, height_px

    def reduced(self, scale: float, border_px: int) -> Image:
        """The image at a smaller scale, with a grey border.

        Args:
            scale: of the copy, in (0, 1].
            border_px: added on each side.

        Returns:
            uint8[h + 2 border_px, w + 2 border_px, 3], h and w at least 1.
        """
        width_px, height_px = (max(1, round(side * scale)) for side in self.size_px)
        source = self._levels[self._level(1 / scale)]
        # Less than a halving is left, which bilinear sampling does without skipping a pixel.
        small = cv2.resize(source, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
        canvas = np.full((height_px + 2 * border_px, width_px + 2 * border_px, 3), GREY, np.uint8)
        canvas[border_px : border_px + height_px, border_px : border_px + width_px] = small
        return canvas

    def patches(self, squares: NDArray[Any], side_px: int) -> NDArray[np.uint8]:
        """The content of squares, each brought to the same size; grey beyond the image.

        A square's corners fall on the centres of the patch's corner pixels.

        Args:
            squares: float[N, 4], x0, y0, x1, y1 in pixels of the image, of equal sides > 0.
            side_px: of the patches, >= 2.

        Returns:
            uint8[N, side_px, side_px, 3].
        """
        patches = np.empty((len(squares), side_px, side_px, 3), np.uint8)
        for patch, (x0, y0, x1, _) in zip(patches, squares.tolist(), strict=True):
            level = self._level((x1 - x0) / side_px)
            scale = (side_px - 1) / (x1 - x0)
            # A copy's pixel x has its centre at 2**level * x + inset_px of the image.
            inset_px = (2**level - 1) / 2
            step = scale * 2**level
            transform = np.array(
                [[step, 0, (inset_px - x0) * scale], [0, step, (inset_px - y0) * scale]]
            )
            patch[:] = warp_affine(self._levels[level], transform, side_px, side_px, fill=GREY)
        return patches

    def _level(self, shrink: float) -> int:
        """How often to halve, so that less than a halving is left to do."""
        level = 0
        while shrink >= 2 and min(self._levels[level].shape[:2]) >= 2:
            shrink /= 2
            level += 1
            if level == len(self._levels):
                self._levels.append(_halved(self._levels[-1]))
        return level


def _halved(image: Image) -> Image:
    """Means of 2x2 pixels; an odd last row or column is left out, to keep the grid."""
    height_px, width_px = image.shape[0] // 2, image.shape[1] // 2
    return resize(image[: 2 * height_px, : 2 * width_px], width_px, height_px)
