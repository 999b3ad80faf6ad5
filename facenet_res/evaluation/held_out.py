"""The people and the unnamed crops that training leaves out, decoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.core.progress import Tell
from facenet_res.core.types import Embeddings, Faces
from facenet_res.data.crops import CropSource
from facenet_res.data.joined import first_set_size, open_joined
from facenet_res.data.split import split_by_identity
from facenet_res.evaluation.calibration import calibrate

IDENTITIES: Final = 150
CROPS_MIN: Final = 10
UNLABELLED: Final = 4000


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutFaces:
    """The part of a training set that nothing was learned from.

    Attributes:
        faces: uint8[B, 112, 112, 3], of the held-out identities.
        people: [B], who each shows.
        unnamed: uint8[C, 112, 112, 3], crops without an identity.
        unnamed_names: [C], their files.
    """

    faces: Faces
    people: tuple[str, ...]
    unnamed: Faces
    unnamed_names: tuple[str, ...]


def read_held_out(sets: Sequence[Path], tell: Tell) -> HeldOutFaces:
    """Decodes the held-out part that the default recipe leaves of one set or several.

    Raises:
        FileMissing: a set is absent.
        DataInvalid: it is too small, or a crop of it is damaged.
    """
    with open_joined(sets) as crops:
        split = split_by_identity(
            crops,
            identities=IDENTITIES,
            crops_min=CROPS_MIN,
            unlabelled=UNLABELLED,
            first=first_set_size(crops),
        )
        people, unnamed = split.validation, split.groups
        return HeldOutFaces(
            faces=decoded(people, "held-out people", tell),
            people=tuple(people.identity(number) for number in range(len(people))),
            unnamed=decoded(unnamed, "held-out crops without a name", tell),
            unnamed_names=tuple(unnamed.name(number) for number in range(len(unnamed))),
        )


def decoded(crops: CropSource, stage: str, tell: Tell) -> Faces:
    """All crops of a source: uint8[B, 112, 112, 3]."""
    faces = []
    for number in range(len(crops)):
        faces.append(crops[number].decode())
        tell(stage, number + 1, len(crops))
    return np.stack(faces)


def tmr_at(rows: Embeddings, people: Sequence[str], fmr: float) -> float:
    """The true match rate of all pairs at the threshold that keeps a false match rate among them.

    Raises:
        ArgumentInvalid: the pairs do not support the rate.
        DataInvalid: nobody has two crops.
    """
    person = np.unique(np.asarray(people), return_inverse=True)[1]
    first, second = np.triu_indices(len(rows), 1)
    scores = (rows @ rows.T)[first, second]
    is_same = person[first] == person[second]
    if not is_same.any():
        raise DataInvalid("the held-out people have one crop each: no genuine pair")
    least = calibrate(scores[~is_same], fmr).similarity
    return float((scores[is_same] >= least).mean())
