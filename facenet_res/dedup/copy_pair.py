"""What a comparison says about two images, readable from either of them.

Places are in shares of the frame: (0, 0) is the upper left corner of an image, (1, 1) the lower
right, whatever its size.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.difference import Judgement
from facenet_res.dedup.register import Registered
from facenet_res.dedup.tone import Tone
from facenet_res.imaging.geometry import invert, transform_points

Frame = tuple[float, float, float, float]
LEVELS: Final = (64.0, 128.0, 192.0)
_IDENTITY: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_OTHER: Final = {"first": "second", "second": "first", "": ""}
_CORNERS: Final = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


@dataclass(frozen=True)
class CopyPair:
    """Two distinct images that were compared.

    Attributes:
        first: SHA-256.
        second: SHA-256.
        is_copy: whether they are one image.
        similarity: correlation of what both show after the change of tone, in [-1, 1].
        place: the affine map of the first frame to the second: a, b, c, d, e, f with
            x' = a x + b y + c and y' = d x + e y + f.
        levels: what the grey levels 64, 128 and 192 of the first are in the second.
        overlay: x0, y0, x1, y1 in the first frame where something was laid over; or empty.
        overlay_on: "first", "second" or "".
        container: "first" or "second" for the one that shows the other beside other content, a
            collage, which is no copy; or "".
    """

    first: str
    second: str
    is_copy: bool
    similarity: float = 0.0
    place: tuple[float, ...] = _IDENTITY
    levels: tuple[float, ...] = LEVELS
    overlay: tuple[float, ...] = ()
    overlay_on: str = ""
    container: str = ""

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        return np.array(self.place).reshape(2, 3)

    @cached_property
    def covers(self) -> tuple[float, float]:
        """Shares of the first frame that the second shows, and of the second by the first."""
        shown = _area(_clipped(transform_points(self._matrix, _CORNERS)))
        area = abs(float(np.linalg.det(self._matrix[:, :2])))
        return min(1.0, shown / max(area, 1e-9)), min(1.0, shown)

    @property
    def is_mirrored(self) -> bool:
        """Whether one is the mirror image of the other."""
        return float(np.linalg.det(self._matrix[:, :2])) < 0

    @property
    def shown(self) -> Frame:
        """The box of the first frame that the second shows."""
        back = transform_points(invert(self._matrix), _CORNERS).clip(0, 1)
        return _frame(back)

    def turn(self, first_px: tuple[int, int], second_px: tuple[int, int]) -> tuple[float, float]:
        """Degrees that the second was rotated by, clockwise in (-180, 180], and its scale.

        Args:
            first_px: width and height of the first.
            second_px: width and height of the second.
        """
        linear = np.diag(second_px) @ self._matrix[:, :2] @ np.diag(1 / np.array(first_px))
        if self.is_mirrored:
            linear = linear @ np.diag([-1.0, 1.0])
        degrees = math.degrees(math.atan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))
        return degrees, math.sqrt(abs(float(np.linalg.det(linear))))

    def swapped(self) -> "CopyPair":
        """The same finding, told from the other image."""
        back = invert(self._matrix)
        overlay: tuple[float, ...] = ()
        if self.overlay:
            x0, y0, x1, y1 = self.overlay
            corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
            overlay = _frame(transform_points(self._matrix, corners).clip(0, 1))
        return CopyPair(
            self.second,
            self.first,
            self.is_copy,
            self.similarity,
            _rounded(back.ravel()),
            _inverse_levels(self.levels),
            overlay,
            _OTHER[self.overlay_on],
            _OTHER[self.container],
        )


def copy_pair(
    names: tuple[str, str], views: tuple[Image, Image], found: Registered, judgement: Judgement
) -> CopyPair:
    """The pair, from its registration and its judgement."""
    pair_names = names[::-1] if found.is_swapped else names
    source, target = views[::-1] if found.is_swapped else views
    to_shares = _from_px(target) @ np.vstack([found.source_to_target, [0, 0, 1]])
    place = to_shares @ np.linalg.inv(_from_px(source))
    pair = CopyPair(
        *pair_names,
        judgement.is_copy,
        round(judgement.similarity, 6),
        _rounded(place[:2].ravel()),
        _levels(judgement.tone, judgement.tone_is_of_target),
    )
    if judgement.overlay.any():
        where = _overlay_box(judgement.overlay, target, pair)
        on = "second" if judgement.overlay_on_target else "first"
        pair = replace(pair, overlay=where, overlay_on=on)
    return pair.swapped() if found.is_swapped else pair


def _overlay_box(overlay: NDArray[np.bool_], target: Image, pair: CopyPair) -> Frame:
    rows, columns = np.flatnonzero(overlay.any(axis=1)), np.flatnonzero(overlay.any(axis=0))
    height_px, width_px = target.shape[:2]
    x0, x1 = columns[0] / width_px, (columns[-1] + 1) / width_px
    y0, y1 = rows[0] / height_px, (rows[-1] + 1) / height_px
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    back = invert(np.array(pair.place).reshape(2, 3))
    return _frame(transform_points(back, corners).clip(0, 1))


def _from_px(image: Image) -> NDArray[np.float64]:
    """From pixels, centres at .0, to shares of the frame."""
    height_px, width_px = image.shape[:2]
    x, y = 1 / width_px, 1 / height_px
    return np.array([[x, 0, x / 2], [0, y, y / 2], [0, 0, 1]])


def _levels(tone: Tone, is_of_second: bool) -> tuple[float, ...]:
    greys = np.repeat(np.array(LEVELS, np.float32)[:, None], 3, axis=1)
    levels = _rounded(tone(greys).mean(axis=1), 1)
    return levels if is_of_second else _inverse_levels(levels)


def _inverse_levels(levels: tuple[float, ...]) -> tuple[float, ...]:
    """The curve through the levels read the other way, straight beyond its ends."""
    x, y = np.array(levels), np.array(LEVELS)
    if (np.diff(x) < 1).any():
        return LEVELS
    inside = np.interp(LEVELS, x, y)
    low, high = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
    below, above = np.array(LEVELS) < x[0], np.array(LEVELS) > x[-1]
    inside = np.where(below, y[0] + (np.array(LEVELS) - x[0]) * low, inside)
    inside = np.where(above, y[-1] + (np.array(LEVELS) - x[-1]) * high, inside)
    return _rounded(inside.clip(0, 255), 1)


def _clipped(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """A polygon's part within the frame, by Sutherland and Hodgman."""
    for axis, end in ((0, 0.0), (0, 1.0), (1, 0.0), (1, 1.0)):
        within = (polygon[:, axis] - end) * (1 - 2 * end)
        kept: list[NDArray[np.float64]] = []
        for here, point in enumerate(polygon):
            before, now = within[here - 1], within[here]
            if (before < 0) != (now < 0):
                kept.append(
                    polygon[here - 1] + (point - polygon[here - 1]) * before / (before - now)
                )
            if now >= 0:
                kept.append(point)
        polygon = np.array(kept).reshape(-1, 2)
    return polygon


def _area(polygon: NDArray[np.float64]) -> float:
    x, y = polygon.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def _frame(points: NDArray[np.float64]) -> Frame:
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return round(float(x0), 4), round(float(y0), 4), round(float(x1), 4), round(float(y1), 4)


def _rounded(values: NDArray[np.generic], digits: int = 6) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in values)
