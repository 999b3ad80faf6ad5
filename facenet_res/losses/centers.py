"""Class centres: embeddings to cosines, the one thing every margin loss starts from."""

from typing import Any

from keras import ops

# Squared length below which a vector is not stretched to unit length.
SQUARED_LENGTH_MIN = 1e-12


def unit_rows(vectors: Any) -> Any:
    """float[..., D] -> float32[..., D] of unit length; the gradient is finite at zero."""
    return ops.cast(vectors, "float32") * ops.rsqrt(_squared_lengths(vectors, keepdims=True))


def row_norms(vectors: Any) -> Any:
    """float[..., D] -> float32[...], lengths of at least 1e-6; the gradient is finite at zero."""
    return ops.sqrt(_squared_lengths(vectors, keepdims=False))


def class_cosine(embeddings: Any, centres: Any) -> Any:
    """The cosine of each embedding to each class centre.

    Args:
        embeddings: float[B, D], of any length and precision.
        centres: float[C, D], of any length and precision.

    Returns:
        float32[B, C], in [-1, 1] up to rounding; the losses clip it.
    """
    # Cast before the lengths are taken: in float16 a squared length overflows from 256 on.
    return ops.matmul(unit_rows(embeddings), ops.transpose(unit_rows(centres)))


def subcentre_cosine(embeddings: Any, centres: Any) -> Any:
    """The cosine of each embedding to each of the K centres of each class.

    Args:
        embeddings: float[B, D], of any length and precision.
        centres: float[C, K, D], of any length and precision.

    Returns:
        float32[B, C, K], in [-1, 1] up to rounding.
    """
    classes, per_class, dim = ops.shape(centres)
    cosine = class_cosine(embeddings, ops.reshape(centres, (classes * per_class, dim)))
    return ops.reshape(cosine, (-1, classes, per_class))


def own_subcentre_cosine(embeddings: Any, centres: Any, labels: Any) -> Any:
    """The cosine of each embedding to the K centres of its own class only.

    Args:
        embeddings: float[B, D], of any length and precision.
        centres: float[C, K, D], of any length and precision.
        labels: int32[B]; below 0 is read as class 0, for the caller to leave out.

    Returns:
        float32[B, K], in [-1, 1] up to rounding.
    """
    own = ops.take(centres, ops.maximum(ops.cast(labels, "int32"), 0), axis=0)
    return ops.einsum("bd,bkd->bk", unit_rows(embeddings), unit_rows(own))


def _squared_lengths(vectors: Any, *, keepdims: bool) -> Any:
    squares = ops.square(ops.cast(vectors, "float32"))
    return ops.maximum(ops.sum(squares, axis=-1, keepdims=keepdims), SQUARED_LENGTH_MIN)
