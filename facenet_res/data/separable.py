"""Blur, motion and low resolution as matrices: all are linear, and one axis at a time.

An image x of 112 x 112 px becomes R x C', with one 112 x 112 matrix R for its rows and one, C,
for its columns. With a table of such matrices a device filters each image of a batch
differently by two matrix products, which is what GPUs are best at.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import FACE_SIDE_PX

SIGMAS_PX = tuple(np.linspace(0.5, 2.2, 16).tolist())
MOTIONS_PX = (3, 5, 7)
SIDES_PX = tuple(range(24, 81, 2))
KERNEL_PX = 15  # Holds three sigmas of the widest Gaussian to either side.
JPEG_BLOCK_PX = 8

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FilterTable:
    """Matrices by what they do; number 0 changes nothing.

    Attributes:
        matrices: float32[K, 112, 112]; matrices[k] @ column is the filtered column.
        blurs: numbers of the Gaussians.
        motions: numbers of the boxes, meant for one axis only.
        low_resolutions: numbers of shrinking and enlarging again.
    """

    matrices: NDArray[np.float32]
    blurs: range
    motions: range
    low_resolutions: range


def filter_table() -> FilterTable:
    """The table: identity, 16 Gaussians, 3 motions, 29 low resolutions; 2.4 MB."""
    # A linear filter of columns, applied to the identity, is its own matrix.
    identity = np.eye(FACE_SIDE_PX, dtype=np.float32)
    blurs = [cv2.GaussianBlur(identity, (1, KERNEL_PX), s, sigmaY=s) for s in SIGMAS_PX]
    motions = [cv2.blur(identity, (1, length)) for length in MOTIONS_PX]
    shrunk = [_shrunk(identity, side) for side in SIDES_PX]
    first_motion = 1 + len(blurs)
    first_shrunk = first_motion + len(motions)
    return FilterTable(
        np.stack([identity, *blurs, *motions, *shrunk]).astype(np.float32),
        range(1, first_motion),
        range(first_motion, first_shrunk),
        range(first_shrunk, first_shrunk + len(shrunk)),
    )


def cosine_blocks() -> Matrix:
    """float32[112, 112]: the orthonormal discrete cosine transform of each run of 8 px."""
    k = np.arange(JPEG_BLOCK_PX)
    waves = np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * JPEG_BLOCK_PX))
    waves *= np.sqrt(2 / JPEG_BLOCK_PX)
    waves[0] /= np.sqrt(2)
    return np.kron(np.eye(FACE_SIDE_PX // JPEG_BLOCK_PX), waves).astype(np.float32)


def _shrunk(columns: Matrix, side_px: int) -> Matrix:
    small = cv2.resize(columns, (FACE_SIDE_PX, side_px), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (FACE_SIDE_PX, FACE_SIDE_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)
