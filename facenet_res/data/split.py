"""Training and validation sets that share no person."""

import hashlib
from collections import Counter
from dataclasses import dataclass

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import Crop


@dataclass(frozen=True, slots=True)
class Split:
    """Crops by what they are for.

    Attributes:
        train: seen in training.
        validation: all crops of the held-out identities, whose labels are sure.
        groups: unlabelled crops held out for figures per group.
    """

    train: list[Crop]
    validation: list[Crop]
    groups: list[Crop]


def split_by_identity(
    crops: list[Crop], *, identities: int = 150, crops_min: int = 10, unlabelled: int = 4000
) -> Split:
    """Holds out whole identities, and some crops without one.

    The choice goes by the hash of the name, not by a random generator: it stays
    the same when crops are added, and in every version of every library.

    Args:
        crops: the whole set.
        identities: how many to hold out for validation.
        crops_min: only identities with at least so many crops are held out.
        unlabelled: how many crops without an identity to hold out.

    Raises:
        DataInvalid: there are too few identities or unlabelled crops to hold out.
    """
    counts = Counter(crop.identity for crop in crops if crop.identity)
    rich = sorted((name for name, n in counts.items() if n >= crops_min), key=_order)
    strangers = sorted((crop.name for crop in crops if not crop.identity), key=_order)
    if len(rich) < identities or len(strangers) < unlabelled:
        raise DataInvalid(
            f"cannot hold out {identities} identities with >= {crops_min} crops and {unlabelled} "
            f"unlabelled crops: the set has {len(rich)} and {len(strangers)}"
        )
    held_people, held_strangers = set(rich[:identities]), set(strangers[:unlabelled])
    train = [c for c in crops if c.identity not in held_people and c.name not in held_strangers]
    validation = [c for c in crops if c.identity in held_people and c.is_label_sure]
    return Split(train, validation, [c for c in crops if c.name in held_strangers])


def _order(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
