"""Accuracy of "same person or not" by folds, as Labeled Faces in the Wild asks for it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.roc import check_pairs

FOLDS_MAX = 10


@dataclass(frozen=True, slots=True)
class FoldAccuracy:
    """One fold, judged by a threshold that never saw it.

    Attributes:
        fold: its number as in the pairs file, from 0.
        threshold: the similarity chosen on the other folds.
        accuracy: share of the fold's pairs that were answered rightly.
        pairs: how many pairs it has.
    """

    fold: int
    threshold: float
    accuracy: float
    pairs: int


@dataclass(frozen=True, slots=True)
class KFoldAccuracy:
    """The accuracy over all folds.

    Attributes:
        mean: mean of the folds' accuracies.
        standard_error: of that mean, the sample deviation of the folds divided by sqrt(folds).
        folds: in the order of their numbers.
    """

    mean: float
    standard_error: float
    folds: tuple[FoldAccuracy, ...]


def best_threshold(similarities: Any, is_same: Any) -> float:
    """The threshold that answers most of the pairs rightly.

    Candidates lie half-way between neighbouring distinct similarities, and beyond both ends.
    Of several equally good ones the middle is taken (the lower of two middles), which
    generalises better than either end.

    Args:
        similarities: float[P].
        is_same: bool[P].

    Raises:
        ArrayInvalid: the shapes differ, or a similarity is not finite.
        DataInvalid: there is no genuine or no impostor pair.
    """
    scores, same = check_pairs(similarities, is_same)
    ascending = np.argsort(scores, kind="stable")
    scores, same = scores[ascending], same[ascending]
    # Cut k refuses the first k pairs; only cuts between distinct similarities exist.
    refused_impostors = np.concatenate([[0], np.cumsum(~same)])
    refused_genuine = np.concatenate([[0], np.cumsum(same)])
    right = refused_impostors + (refused_genuine[-1] - refused_genuine)
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(scores)) + 1, [len(scores)]])
    best = cuts[right[cuts] == right[cuts].max()]
    return _threshold_of_cut(scores, int(best[(len(best) - 1) // 2]))


def dealt_folds(is_same: Any) -> NDArray[np.int64]:
    """Folds for pairs that come without any: each kind is dealt out in turn, to ten at most.

    Args:
        is_same: bool[P].

    Returns:
        int[P]; int[0] where a kind has fewer than two pairs, so that there are no two folds.
    """
    same = np.asarray(is_same, np.bool_)
    count = min(FOLDS_MAX, int(same.sum()), int((~same).sum()))
    if count < 2:
        return np.empty(0, np.int64)
    folds = np.empty(len(same), np.int64)
    for kind in (same, ~same):
        folds[kind] = np.arange(kind.sum()) % count
    return folds


def kfold_accuracy(similarities: Any, is_same: Any, folds: Any) -> KFoldAccuracy:
    """Judges each fold by the threshold that is best on all the others.

    Args:
        similarities: float[P].
        is_same: bool[P].
        folds: int[P], the fold of each pair.

    Raises:
        ArrayInvalid: the shapes differ, or a similarity is not finite.
        DataInvalid: there are fewer than two folds, or the others of a fold lack a kind of pair.

    Source:
        Huang et al. 2007, "Labeled Faces in the Wild", UMass technical report 07-49, section
        III: mean accuracy and standard error over ten folds.
    """
    scores, same = check_pairs(similarities, is_same)
    fold_of = np.asarray(folds)
    if fold_of.shape != scores.shape:
        raise ArrayInvalid(f"folds are int[{len(scores)}]; got shape {fold_of.shape}")
    numbers = np.unique(fold_of)
    if len(numbers) < 2:
        raise DataInvalid(f"at least 2 folds are needed to judge by folds; got {len(numbers)}")
    judged = tuple(_judge(int(n), fold_of == n, scores, same) for n in numbers)
    accuracies = np.array([fold.accuracy for fold in judged])
    return KFoldAccuracy(
        mean=float(accuracies.mean()),
        standard_error=float(accuracies.std(ddof=1) / np.sqrt(len(accuracies))),
        folds=judged,
    )


def _judge(
    number: int, held_out: NDArray[np.bool_], scores: NDArray[np.float64], same: NDArray[np.bool_]
) -> FoldAccuracy:
    threshold = best_threshold(scores[~held_out], same[~held_out])
    right = (scores[held_out] >= threshold) == same[held_out]
    return FoldAccuracy(number, threshold, float(right.mean()), int(held_out.sum()))


def _threshold_of_cut(ascending: NDArray[np.float64], cut: int) -> float:
    """A similarity that refuses exactly the first `cut` pairs."""
    if cut == 0:
        return float(ascending[0])
    if cut == len(ascending):
        return float(np.nextafter(ascending[-1], np.inf))
    below, above = float(ascending[cut - 1]), float(ascending[cut])
    middle = below + (above - below) / 2
    # Between two neighbouring floats there is no middle: the upper one still cuts rightly.
    return middle if middle > below else above
