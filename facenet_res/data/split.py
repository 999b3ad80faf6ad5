"""Training and validation sets that share no person."""

import hashlib
import heapq
from dataclasses import dataclass

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import CropSource
from facenet_res.data.records import NO_LABEL


@dataclass(frozen=True, slots=True)
class Split:
    """Crops by what they are for.

    Attributes:
        train: seen in training.
        validation: all crops of the held-out identities, whose labels are sure.
        groups: unlabelled crops held out for figures per group.
    """

    train: CropSource
    validation: CropSource
    groups: CropSource


def split_by_identity(
    crops: CropSource,
    *,
    identities: int = 150,
    crops_min: int = 10,
    unlabelled: int = 4000,
    first: int | None = None,
) -> Split:
    """Holds out whole identities, and some crops without one.

    The choice goes by the hash of the name, not by a random generator: it stays
    the same when crops are added, and in every version of every library.

    Args:
        crops: the whole set.
        identities: how many to hold out for validation.
        crops_min: only identities with at least so many crops are held out.
        unlabelled: how many crops without an identity to hold out.
        first: only the first so many crops are candidates to hold out, so that the choice stays
            that of the first of several sets; later crops of a held-out person are in no part.
            None for all.

    Raises:
        DataInvalid: there are too few identities or unlabelled crops to hold out.
    """
    first = len(crops) if first is None else first
    is_candidate = np.arange(len(crops)) < first
    labels = crops.labels[:first]
    counts = np.bincount(labels[labels != NO_LABEL], minlength=len(crops.identities))
    rich = np.flatnonzero(counts >= max(crops_min, 1)).tolist()
    unnamed = np.flatnonzero(labels == NO_LABEL).tolist()
    if len(rich) < identities or len(unnamed) < unlabelled:
        raise DataInvalid(
            f"cannot hold out {identities} identities with >= {crops_min} crops and {unlabelled} "
            f"unlabelled crops: the set has {len(rich)} and {len(unnamed)}"
        )
    held_people = heapq.nsmallest(identities, rich, lambda n: _order(crops.identities[n]))
    held_unnamed = heapq.nsmallest(unlabelled, unnamed, lambda n: _order(crops.name(n)))
    is_person = np.isin(crops.labels, held_people)
    is_stranger = np.zeros(len(crops), np.bool_)
    is_stranger[held_unnamed] = True
    return Split(
        train=crops.subset(np.flatnonzero(~is_person & ~is_stranger)),
        validation=crops.subset(np.flatnonzero(is_person & is_candidate & crops.is_label_sure)),
        groups=crops.subset(np.flatnonzero(is_stranger)),
    )


def _order(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
