"""Local features: corners of an image and binary descriptions of them, plain and mirrored.

A crop, a border, a screenshot, a rotation or a caption changes an image as a whole and leaves most
of its corners. Each corner has 256 bits that compare the brightness of points around it, so that
exposure hardly matters. The bits do not survive mirroring: the mirrored image is described too.

Source: Rublee et al. 2011, "ORB: an efficient alternative to SIFT or SURF", as in OpenCV.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

POINTS_MAX: Final = 250
CODE_BYTES: Final = 32
_DETECTED_MAX: Final = 600
# The best few of each cell of a grid come before the next few of any.
_CELLS: Final = 6
_PER_CELL: Final = 6
_EDGE_PX: Final = 15
# Smaller views have no room for a corner's surroundings.
_SIDE_PX_MIN: Final = 32
_FAST_THRESHOLD: Final = 5
# Bits of 256; corners of one place differ by less, random ones by 128.
_BITS_MAX: Final = 64
_INLIER_PX: Final = 3.0
_SCALE_MAX: Final = 6.0
# Different images agree by chance on up to 12 corners; what passes is compared by pixels.
INLIERS_MIN: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The corners of one view.

    Attributes:
        points: float32[P, 2], x and y in px of the view, P at most 250.
        codes: uint8[P, 32].
    """

    points: NDArray[np.float32]
    codes: NDArray[np.uint8]


_NONE: Final = Features(np.zeros((0, 2), np.float32), np.zeros((0, CODE_BYTES), np.uint8))


def features_of(grey: NDArray[np.uint8]) -> Features:
    """The strongest corners of uint8[H, W]; none where there is no structure."""
    if min(grey.shape) < _SIDE_PX_MIN:
        return _NONE
    orb = cv2.ORB.create(_DETECTED_MAX, 1.2, 8, _EDGE_PX, fastThreshold=_FAST_THRESHOLD)
    corners, codes = orb.detectAndCompute(grey, None)
    if codes is None:
        return _NONE
    points = np.array([corner.pt for corner in corners], np.float32)
    kept = _spread(points, np.array([corner.response for corner in corners]), grey.shape)
    return Features(points[kept], np.asarray(codes, np.uint8)[kept])


def _spread(
    points: NDArray[np.float32], strength: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Rows of the corners to keep: a caption's are the strongest and must not be all."""
    height_px, width_px = shape
    cells = (points / (width_px, height_px) * _CELLS).astype(int) @ (1, _CELLS)
    order = np.lexsort((-strength, cells))
    starts = np.searchsorted(cells[order], cells[order])
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - starts
    return np.sort(np.lexsort((-strength, rank // _PER_CELL))[:POINTS_MAX])


def similarity_between(first: Features, second: Features) -> NDArray[np.float64] | None:
    """The rotation, scale and shift that most corners agree on.

    Returns:
        float64[2, 3], pixels of the first view to pixels of the second; None where fewer than
        `INLIERS_MIN` corners agree.
    """
    if min(len(first.points), len(second.points)) < INLIERS_MIN:
        return None
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    matches = [m for m in matcher.match(first.codes, second.codes) if m.distance <= _BITS_MAX]
    if len(matches) < INLIERS_MIN:
        return None
    source = first.points[[match.queryIdx for match in matches]]
    target = second.points[[match.trainIdx for match in matches]]
    cv2.setRNGSeed(0)
    found, inliers = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_INLIER_PX, maxIters=500
    )
    if found is None or int(inliers.sum()) < INLIERS_MIN:
        return None
    scale = float(np.hypot(found[0, 0], found[1, 0]))
    if not 1 / _SCALE_MAX <= scale <= _SCALE_MAX:
        return None
    return np.asarray(found, np.float64)
