"""Checks and arithmetic on arrays of faces and embeddings.

Arrays are checked here, at the door, and trusted behind it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid
from facenet_res.core.types import FACE_SIDE_PX, Embeddings, Faces, Image

NORM_MIN = 1e-6
UNIT_TOLERANCE = 1e-3


def check_image(image: Any) -> Image:
    """The image itself, if it is uint8[H, W, 3] with H, W >= 1.

    Raises:
        ArrayInvalid: it has another shape or type.
    """
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise ArrayInvalid(
            f"an image is uint8[H, W, 3] RGB; got {_described(array)}{_remedy(array)}"
        )
    return array


def check_faces(faces: Any) -> Faces:
    """The batch itself, if it is uint8[B, 112, 112, 3] with B >= 1.

    Raises:
        ArrayInvalid: it has another shape or type, or is empty.
    """
    array = np.asarray(faces)
    shape = (FACE_SIDE_PX, FACE_SIDE_PX, 3)
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[1:] != shape:
        raise ArrayInvalid(f"faces are uint8[B, 112, 112, 3] RGB; got {_described(array)}")
    if len(array) == 0:
        raise ArrayInvalid("a batch holds at least one face; got 0")
    return array


def check_embeddings(embeddings: Any, dim: int) -> Embeddings:
    """The rows as contiguous float32[B, dim], if each is finite and of unit length.

    Raises:
        ArrayInvalid: another shape, a value that is not finite, or a row whose length is more
            than 0.001 from 1.
    """
    array = np.ascontiguousarray(embeddings, dtype=np.float32)
    if array.ndim != 2 or array.shape[1] != dim:
        raise ArrayInvalid(f"embeddings are float32[B, {dim}]; got {_described(array)}")
    if not np.isfinite(array).all():
        raise ArrayInvalid("an embedding holds a value that is not finite")
    if len(array):
        worst = float(np.abs(np.linalg.norm(array, axis=1) - 1.0).max())
        if worst > UNIT_TOLERANCE:
            raise ArrayInvalid(
                f"an embedding's length is off 1 by {worst:.4f}, limit is {UNIT_TOLERANCE}"
            )
    return array


def unit_norm(vectors: NDArray[Any]) -> Embeddings:
    """Each row divided by its length.

    Args:
        vectors: float[B, D].

    Returns:
        float32[B, D], rows of unit length.

    Raises:
        ArrayInvalid: a row is not finite, or shorter than 1e-6 and so without a direction.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise ArrayInvalid("the network returned a value that is not finite")
    if len(rows) and float(lengths.min()) < NORM_MIN:
        raise ArrayInvalid(f"a vector's length is {float(lengths.min()):.1e}, least is {NORM_MIN}")
    unit: Embeddings = rows / lengths
    return unit


def cosine(first: Embeddings, second: Embeddings) -> NDArray[np.float32]:
    """Similarity of unit rows, pair by pair: float32[B] in [-1, 1]."""
    products = np.einsum("bd,bd->b", first, second)
    clipped: NDArray[np.float32] = np.clip(products, -1.0, 1.0).astype(np.float32)
    return clipped


def _remedy(array: NDArray[Any]) -> str:
    """How to make an image of an array that is none; empty where that is unknown."""
    channels = array.shape[2] if array.ndim == 3 else 0
    cases = (
        (array.size == 0, ", which has no pixels"),
        (array.ndim == 2, ": repeat a grey image's values, numpy.stack([image] * 3, axis=-1)"),
        (channels == 4, ": drop alpha, image[:, :, :3] of RGBA or image[:, :, 2::-1] of BGRA"),
        (
            array.shape[:1] == (3,) and channels > 4,
            ": move channels last, image.transpose(1, 2, 0)",
        ),
        (array.dtype == np.uint16, ": scale 16 bits to 8, (image // 257).astype(numpy.uint8)"),
        (array.dtype.kind == "f", ": scale [0, 1] to 8 bits, (image * 255).astype(numpy.uint8)"),
    )
    return next((text for applies, text in cases if applies), "")


def _described(array: NDArray[Any]) -> str:
    return f"{array.dtype}{list(array.shape)}"
