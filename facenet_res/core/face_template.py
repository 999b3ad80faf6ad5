"""Where eyes, nose and mouth lie in our crop, and how dlib's 150 px crop is sampled from it.

Pure geometry in NumPy: training, conversion and serving all build on the same numbers.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import FACE_SIDE_PX

# x, y in pixels of a 112x112 crop: left eye, right eye, nose, left and right corner of the mouth,
# left and right as they are in the image. Source: the template of ArcFace's public code.
TEMPLATE: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
DLIB_SIDE_PX: Final = 150
# Of a face's width, around it: dlib's network was trained with this margin.
PADDING: Final = 0.25
# Corners of the eyes in dlib's unpadded mean face: outer and inner corner of the eye at the right
# of the image, then of that at the left.
EYE_CORNERS: Final = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
)


def chip_samples(side_px: int = DLIB_SIDE_PX) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bilinear weights that sample dlib's crop from ours, rows and columns apart.

    The centres of the eyes of dlib's mean face are laid upon those of our template. Both are level
    within 0.2 px, so no rotation is needed. dlib's crop reaches 8 px below ours: there our last row
    is repeated.

    Args:
        side_px: of dlib's crop.

    Returns:
        rows, columns: float32[side_px, 112] each, every row of sum 1:
        chip = rows @ crop @ columns.T.

    Source:
        dlib/image_transforms/interpolation.h, `get_face_chip_details`, for five landmarks.
    """
    theirs = (np.array(EYE_CORNERS).reshape(2, 2, 2).mean(axis=1) + PADDING) / (1 + 2 * PADDING)
    # From the eye at the right of the image to the left one, as theirs.
    ours = np.array(TEMPLATE[:2])[::-1]
    px_each = (ours[0, 0] - ours[1, 0]) / ((theirs[0, 0] - theirs[1, 0]) * side_px)
    left, top = ours.mean(axis=0) - theirs.mean(axis=0) * side_px * px_each
    columns, rows = (_interpolation(first + px_each * np.arange(side_px)) for first in (left, top))
    return rows, columns


def _interpolation(places: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32[N, 112]: the weights of the two pixels beside each place; beyond the edge its own."""
    places = np.clip(places, 0, FACE_SIDE_PX - 1)
    pixels = np.arange(FACE_SIDE_PX)
    weights: NDArray[np.float32] = np.maximum(0, 1 - np.abs(places[:, None] - pixels)).astype(
        np.float32
    )
    return weights
