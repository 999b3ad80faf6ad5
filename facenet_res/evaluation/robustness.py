"""LFW's accuracy when all faces are blurred, masked, turned, ...: see `evaluation.variants`."""

from dataclasses import dataclass

from facenet_res.core.arrays import cosine
from facenet_res.core.embedder import Embedder
from facenet_res.core.progress import Tell
from facenet_res.core.types import Embeddings
from facenet_res.evaluation.judge_data import JudgeData, embedded
from facenet_res.evaluation.pairs import every
from facenet_res.evaluation.variants import VARIANTS, changed
from facenet_res.evaluation.verification import KFoldAccuracy, kfold_accuracy


@dataclass(frozen=True, slots=True)
class Robustness:
    """Accuracy with all faces changed in one way.

    Attributes:
        name: of the variant; "clean" for unchanged faces.
        definition: what was done to them.
        accuracy: by folds, with thresholds found on faces that were changed alike.
        drop: the accuracy of unchanged faces minus this one.
    """

    name: str
    definition: str
    accuracy: KFoldAccuracy
    drop: float


def judge_robustness(
    embedder: Embedder, data: JudgeData, step: int, tell: Tell
) -> tuple[Robustness, ...]:
    """Unchanged faces first, then each variant.

    Args:
        embedder: the network.
        data: with LFW's pairs and faces.
        step: each so many pairs are taken.
        tell: hears of progress.

    Raises:
        DataInvalid: the pairs have fewer than two folds, or a kind of pair is missing.
    """
    pairs = every(data.pairs, step)
    place = {photo: number for number, photo in enumerate(data.pairs.images)}
    crops = data.lfw.crops[[place[photo] for photo in pairs.images]]

    def accuracy(rows: Embeddings) -> KFoldAccuracy:
        values = cosine(rows[pairs.first], rows[pairs.second])
        return kfold_accuracy(values, pairs.is_same, pairs.folds)

    clean = accuracy(embedded(embedder, crops, "clean", tell))
    found = [Robustness("clean", "as they were found and aligned", clean, 0.0)]
    for variant in VARIANTS:
        one = accuracy(embedded(embedder, changed(crops, variant), variant.name, tell))
        found.append(Robustness(variant.name, variant.definition, one, clean.mean - one.mean))
    return tuple(found)
