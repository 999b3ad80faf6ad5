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
_GREY_PIXEL: Final = (GREY, GREY, GREY)


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

    def reduce_into(self, target: NDArray[np.uint8]) -> None:
        """Writes the image at another size, at most its own.

        Args:
            target: uint8[h, w, 3], a part of a larger array or a whole one; it is overwritten.
        """
        height_px, width_px = target.shape[:2]
        shrink = min(self.size_px[0] / width_px, self.size_px[1] / height_px)
        source = self._levels[self._level(shrink)]
        # Less than a halving is left, which bilinear sampling does without skipping a pixel.
        target[:] = cv2.resize(source, (width_px, height_px), interpolation=cv2.INTER_LINEAR)

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
        sides_px = squares[:, 2] - squares[:, 0]
        levels = [self._level(shrink) for shrink in (sides_px / side_px).tolist()]
        halvings = np.exp2(levels)
        # A copy's pixel x has its centre at halvings * x + inset_px of the image.
        inset_px = (halvings - 1) / 2
        scales = (side_px - 1) / sides_px
        transforms = np.zeros((len(squares), 2, 3))
        transforms[:, 0, 0] = transforms[:, 1, 1] = scales * halvings
        transforms[:, :, 2] = (inset_px[:, None] - squares[:, :2]) * scales[:, None]
        for patch, level, transform in zip(patches, levels, transforms, strict=True):
            source = self._levels[level]
            if transform[0, 0] < 1 / 2:
                # A little more than a halving is left, since corners fall on pixels' centres.
                patch[:] = warp_affine(source, transform, side_px, side_px, fill=GREY)
                continue
            cv2.warpAffine(
                source,
                transform,
                (side_px, side_px),
                dst=patch,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=_GREY_PIXEL,
            )
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
