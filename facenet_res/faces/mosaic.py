"""The scales of an image side by side on one canvas, so that P-Net runs once for all of them.

Eleven runs, one a scale, cost P-Net a third more than one run over as many pixels: each call has
its price, and the small scales leave cores idle. Each scale keeps its own grey border of half a
window, so no window sees two scales; windows that lie across two are told apart and dropped.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

CELL_PX: Final = 12
"""Side of P-Net's window, in pixels of a scale."""
STEP_PX: Final = 2
"""From one window to the next."""
BORDER_PX: Final = CELL_PX // 2
"""Grey around each scale."""

NOWHERE: Final = -1
"""The owner of a window that lies across two scales, or beside all of them."""

# Bounds memory: P-Net keeps about 60 bytes for each pixel of the canvas. A larger scale is alone.
_CANVAS_PIXELS_MAX: Final = 1_000_000

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What lies where on one canvas.

    Attributes:
        size_px: width and height.
        scales: which of the sizes given to `canvases` lie here.
        sizes_px: width and height of each, without border.
        corners_px: int64[K, 2], x and y of the first pixel within each one's border.
        owners: int16[H', W'], for each window of P-Net the row of `scales` it lies in, or
            NOWHERE.
    """

    size_px: Size
    scales: tuple[int, ...]
    sizes_px: tuple[Size, ...]
    corners_px: NDArray[np.int64]
    owners: NDArray[np.int16]


@lru_cache(maxsize=64)
def canvases(sizes_px: tuple[Size, ...]) -> tuple[Canvas, ...]:
    """Lays out images with their borders. Kept for sizes that come again.

    Args:
        sizes_px: width and height of each, without border, largest first.

    Returns:
        Canvases that hold all of them, each up to a megapixel unless one image alone is larger.
    """
    groups: list[list[int]] = []
    used = 0
    for index, size_px in enumerate(sizes_px):
        width_px, height_px = _with_border(size_px)
        pixels = width_px * height_px
        if not groups or used + pixels > _CANVAS_PIXELS_MAX:
            groups.append([])
            used = 0
        groups[-1].append(index)
        used += pixels
    return tuple(_canvas(group, [sizes_px[index] for index in group]) for group in groups)


def _canvas(scales: list[int], sizes_px: list[Size]) -> Canvas:
    sides = [_with_border(size_px) for size_px in sizes_px]
    size_px, corners = _packed(sides)
    owners = np.full([(side - CELL_PX) // STEP_PX + 1 for side in size_px[::-1]], NOWHERE, np.int16)
    for row, ((x, y), (width_px, height_px)) in enumerate(zip(corners, sides, strict=True)):
        last_x, last_y = x + width_px - CELL_PX, y + height_px - CELL_PX
        owners[y // STEP_PX : last_y // STEP_PX + 1, x // STEP_PX : last_x // STEP_PX + 1] = row
    return Canvas(size_px, tuple(scales), tuple(sizes_px), np.array(corners) + BORDER_PX, owners)


def _with_border(size_px: Size) -> Size:
    """Made even, so that every scale starts at a step of P-Net."""
    width_px, height_px = (side + side % 2 + 2 * BORDER_PX for side in size_px)
    return width_px, height_px


def _packed(sizes_px: list[Size]) -> tuple[Size, list[Size]]:
    """The smallest canvas among those of several heights: its size, and each rectangle's x, y."""
    lowest_px = max(height_px for _, height_px in sizes_px)
    layouts = [
        _placed(sizes_px, height_px)
        for height_px in range(lowest_px, lowest_px + lowest_px // 2, 2 * STEP_PX)
    ]
    return min(layouts, key=lambda layout: layout[0][0] * layout[0][1])


def _placed(sizes_px: list[Size], canvas_height_px: int) -> tuple[Size, list[Size]]:
    """Places rectangles, largest first: each in the smallest gap that takes it, else to the right.

    A gap that is filled leaves one to the right of what fills it and one below.
    """
    canvas_width_px = 0
    gaps: list[tuple[int, int, int, int]] = []
    corners: list[Size] = []
    for width_px, height_px in sizes_px:
        fitting = [gap for gap in gaps if gap[2] >= width_px and gap[3] >= height_px]
        if fitting:
            gap = min(fitting, key=lambda gap: gap[2] * gap[3])
            gaps.remove(gap)
        else:
            gap = (canvas_width_px, 0, width_px, canvas_height_px)
            canvas_width_px += width_px
        x, y, free_width_px, free_height_px = gap
        corners.append((x, y))
        gaps.append((x + width_px, y, free_width_px - width_px, height_px))
        gaps.append((x, y + height_px, free_width_px, free_height_px - height_px))
    return (canvas_width_px, canvas_height_px), corners
