"""What the stated false match rates are on other people: of images as they are, and of conditions.

For figures on data that a model was not calibrated on: a threshold keeps its promise where the
measured rate is the stated one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import DataInvalid
from facenet_res.core.manifest import Manifest
from facenet_res.core.progress import Tell
from facenet_res.core.types import Embeddings, Faces
from facenet_res.evaluation.conditions import CONDITIONS
from facenet_res.evaluation.judge_data import embedded
from facenet_res.evaluation.variants import changed

AS_THEY_ARE = "as they are"


@dataclass(frozen=True, slots=True)
class SeenRate:
    """What a threshold does to the pairs of a condition.

    Attributes:
        condition: what was done to the images.
        fmr: stated.
        worst_case: whether the threshold is that of the worst condition, or the pooled one.
        threshold: least score that matches.
        fmr_seen: share of impostor pairs that match.
        tmr_seen: share of genuine pairs that match; NaN without such a pair.
        impostor_pairs: how many there are.
        genuine_pairs: likewise.
    """

    condition: str
    fmr: float
    worst_case: bool
    threshold: float
    fmr_seen: float
    tmr_seen: float
    impostor_pairs: int
    genuine_pairs: int


def seen_rates(
    embedder: Embedder, manifest: Manifest, faces: Faces, people: Sequence[str], tell: Tell
) -> list[SeenRate]:
    """The rates that both thresholds of each calibrated FMR have, in each condition.

    Args:
        embedder: the network, as it serves.
        manifest: with its thresholds.
        faces: uint8[B, 112, 112, 3], aligned.
        people: [B], who each shows.
        tell: hears of progress.

    Raises:
        DataInvalid: there is no pair of two people.
    """
    copies = {AS_THEY_ARE: faces} | {one.name: changed(faces, one) for one in CONDITIONS}
    found = []
    for name, images in copies.items():
        rows = embedded(embedder, images, name, tell)
        found += _of_condition(name, rows, people, manifest)
    return found


def _of_condition(
    condition: str, rows: Embeddings, people: Sequence[str], manifest: Manifest
) -> list[SeenRate]:
    person = np.unique(np.asarray(people), return_inverse=True)[1]
    first, second = np.triu_indices(len(rows), 1)
    scores = (rows @ rows.T)[first, second]
    is_same = person[first] == person[second]
    genuine, impostor = scores[is_same], scores[~is_same]
    if not len(impostor):
        raise DataInvalid("the images have no pair of two people")
    both = ((False, manifest.thresholds), (True, manifest.worst_thresholds))
    return [
        SeenRate(
            condition=condition,
            fmr=one.fmr,
            worst_case=worst_case,
            threshold=one.similarity,
            fmr_seen=float((impostor >= one.similarity).mean()),
            tmr_seen=float((genuine >= one.similarity).mean()) if len(genuine) else float("nan"),
            impostor_pairs=len(impostor),
            genuine_pairs=len(genuine),
        )
        for worst_case, thresholds in both
        for one in thresholds
    ]
