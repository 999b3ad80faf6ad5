"""Partial FC: a softmax over a random share of the classes, for very many identities.

A step needs the centres of the classes in its batch, and of the rivals only
some: ten per cent train as well as all, at a tenth of the memory and time.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid
from facenet_res.losses.centers import class_cosine


@dataclass(frozen=True, slots=True, eq=False)
class CentreSample:
    """The classes of one step.

    Attributes:
        classes: int32[S], the sampled classes in rising order.
        labels: int32[B], where each label stands in `classes`; negative ones stay as they are.
    """

    classes: NDArray[np.int32]
    labels: NDArray[np.int32]


def sample_centres(
    labels: NDArray[np.integer[Any]],
    classes: int,
    share: float,
    generator: np.random.Generator,
    *,
    multiple: int = 1,
) -> CentreSample:
    """Draws the classes of one step: all of the batch, and others at random without repetition.

    Args:
        labels: int[B], classes in [0, classes); below 0 without an identity.
        classes: number of all classes, >= 1.
        share: of the classes to take, in (0, 1].
        generator: source of the draw; the same state gives the same sample.
        multiple: the number of classes is one of this, for devices that share them equally.

    Returns:
        ceil(share * classes) classes, so that the shapes of a compiled step
        stand still; more only when the batch itself has more.

    Raises:
        ValueError: share or classes lies outside its range.
        ArrayInvalid: labels is no row of whole numbers below `classes`, or holds so many of them
            that no multiple is left.

    Source:
        An et al. 2022, arXiv:2203.15565: all positive centres and a random
        share of the negative ones. The paper samples on each of several
        devices its own part of the classes; here they are in one place.
    """
    if classes < 1:
        raise ValueError(f"classes must be >= 1, got {classes}")
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share}")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ArrayInvalid(f"labels must be int[B], got {labels.dtype}{list(labels.shape)}")
    if labels.size and labels.max() >= classes:
        raise ArrayInvalid(f"labels must be below {classes}, got {labels.max()}")
    positive = np.unique(labels[labels >= 0]).astype(np.int64)
    # A rounding error in the product must not ask for one class more.
    wanted = max(math.ceil(share * classes - 1e-9), len(positive))
    wanted = min(wanted + -wanted % multiple, classes - classes % multiple)
    if wanted < len(positive):
        raise ArrayInvalid(
            f"{classes} classes, {len(positive)} of them in the batch, cannot be shared by "
            f"{multiple} devices: set loss.centre_share to 1"
        )
    rivals = _draw_others(positive, classes, wanted - len(positive), generator)
    sampled = np.sort(np.concatenate([positive, rivals]))
    mapped = np.where(labels >= 0, np.searchsorted(sampled, labels), labels)
    return CentreSample(sampled.astype(np.int32), mapped.astype(np.int32))


def partial_cosine(embeddings: Any, centres: Any, sampled: Any) -> Any:
    """The cosine of each embedding to the sampled centres only.

    The gradient of the other centres is 0. An optimizer may move them all the
    same, by momentum or weight decay, unless it updates touched rows alone.

    Args:
        embeddings: float[B, D], of any length and precision.
        centres: float[C, D], all of them.
        sampled: int32[S], `CentreSample.classes`.

    Returns:
        float32[B, S], for any loss of a cosine with `CentreSample.labels`.
    """
    return class_cosine(embeddings, ops.take(centres, sampled, axis=0))


def _draw_others(
    positive: NDArray[np.int64], classes: int, count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """int64[count]: classes that are not among the sorted positive ones, each equally likely."""
    ranks = generator.choice(classes - len(positive), size=count, replace=False, shuffle=False)
    # The r-th class that is not positive, without listing millions: r plus the positive ones
    # before it, of which the i-th has positive[i] - i others before itself.
    before = np.searchsorted(positive - np.arange(len(positive)), ranks, side="right")
    return np.asarray(ranks + before, dtype=np.int64)
