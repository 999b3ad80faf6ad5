"""Whether an image shows another one beside content of its own: a collage, a page, a contact sheet.

A frame, bars or a screenshot around an image is plain; the rest of a scene that was cropped goes on
across the edge. In a collage the rest has structure of its own and brightness jumps along the
edge. Such an image contains the other and is no copy of it: neither replaces the other.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.copy_pair import CopyPair
from facenet_res.dedup.frame import has_step
from facenet_res.imaging.geometry import transform_points

# Share of the larger image beyond the smaller one: a narrower rim is a frame.
_REST_MIN: Final = 0.2
# Mean gradient of the rest as a share of that of the contained image. Bars with a few words and
# blurred paddings stay below.
_STRUCTURE_SHARE: Final = 0.45
_MARGIN_PX: Final = 4
_CORNERS: Final = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


def contains(first: Image, second: Image, pair: CopyPair) -> bool:
    """Whether the second of two images shows the first beside other content.

    Args:
        first: a view, uint8[h, w, 3].
        second: a view.
        pair: how they lie over each other.
    """
    if pair.covers[1] > 1 - _REST_MIN:
        return False
    height_px, width_px = second.shape[:2]
    grey = cv2.cvtColor(second, cv2.COLOR_RGB2GRAY).astype(np.float32)
    to_px = np.diag((width_px, height_px)) @ np.array(pair.place).reshape(2, 3)
    inside = np.zeros(grey.shape, np.uint8)
    corners = transform_points(to_px, _CORNERS)
    cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 1)
    size = np.ones((2 * _MARGIN_PX + 1,) * 2, np.uint8)
    rest, within = cv2.dilate(inside, size) == 0, cv2.erode(inside, size) > 0
    if rest.mean() < _REST_MIN / 2 or not within.any():
        return False
    structure = _structure(grey)
    if structure[rest].mean() < _STRUCTURE_SHARE * structure[within].mean():
        return False
    return has_step(grey, to_px)


def _structure(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gradients, the strongest cut off: a line of text is no scene."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    steps = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return np.asarray(np.minimum(steps, 40.0), np.float32)
