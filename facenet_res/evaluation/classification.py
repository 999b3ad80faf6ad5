"""How well probabilities tell classes apart, and whether they can be taken at their word."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid, DataInvalid
from facenet_res.evaluation.roc import area_under_curve, roc

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Confidence beside accuracy, in bins of equal width.

    Attributes:
        confidence: float64[K], mean confidence of each bin; NaN where it is empty.
        accuracy: float64[K], share of right answers; NaN where it is empty.
        count: int64[K], images in each bin.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def expected_calibration_error(self) -> float:
        """The mean gap between confidence and accuracy, weighted by the images of each bin."""
        gaps = np.nan_to_num(np.abs(self.confidence - self.accuracy))
        return float((gaps * self.count).sum() / self.count.sum())


def probabilities(logits: Any) -> NDArray[np.float64]:
    """Softmax over the last axis: float[N, C] -> float64[N, C]."""
    values = np.asarray(logits, np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def accuracy(probability: Any, labels: Any) -> float:
    """Share of images whose most probable class is the true one.

    Args:
        probability: float[N, C], rows that add up to 1.
        labels: int[N], in [0, C).

    Raises:
        ArrayInvalid: shapes or values are not of this kind.
    """
    values, truth = _checked(probability, labels)
    return float((values.argmax(axis=1) == truth).mean())


def area_under_roc(probability: Any, labels: Any) -> float:
    """Area under the ROC curve; of more than two classes the mean over each one against the rest.

    Args:
        probability: float[N, C], rows that add up to 1.
        labels: int[N], in [0, C).

    Raises:
        ArrayInvalid: shapes or values are not of this kind.
        DataInvalid: a class has no image, or only one class has any.
    """
    values, truth = _checked(probability, labels)
    classes = values.shape[1]
    counts = np.bincount(truth, minlength=classes)
    if counts.min() == 0:
        raise DataInvalid(f"AUC needs images of all {classes} classes, got {counts.tolist()}")
    columns = range(1, 2) if classes == 2 else range(classes)
    areas = [area_under_curve(roc(values[:, each], truth == each)) for each in columns]
    return float(np.mean(areas))


def confusion_matrix(probability: Any, labels: Any) -> NDArray[np.int64]:
    """int64[C, C]: images by true class (row) and most probable class (column).

    Raises:
        ArrayInvalid: shapes or values are not those of `accuracy`.
    """
    values, truth = _checked(probability, labels)
    table = np.zeros((values.shape[1],) * 2, np.int64)
    np.add.at(table, (truth, values.argmax(axis=1)), 1)
    return table


def reliability(probability: Any, labels: Any, bins: int = 10) -> Reliability:
    """Compares the probability of the chosen class with how often it is the true one.

    Args:
        probability: float[N, C], rows that add up to 1.
        labels: int[N], in [0, C).
        bins: of equal width over [0, 1].

    Raises:
        ArrayInvalid: shapes or values are not of this kind, or bins is below 1.

    Source:
        Guo et al. 2017, arXiv:1706.04599, section 2.
    """
    values, truth = _checked(probability, labels)
    if bins < 1:
        raise ArrayInvalid(f"bins must be at least 1, got {bins}")
    chosen = values.argmax(axis=1)
    confidence = values[np.arange(len(values)), chosen]
    # A confidence of exactly 1 belongs to the last bin.
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    sums = (
        np.bincount(place, weights=each, minlength=bins) for each in (confidence, chosen == truth)
    )
    means = [np.divide(each, count, out=np.full(bins, np.nan), where=count > 0) for each in sums]
    return Reliability(means[0], means[1], count.astype(np.int64))


def _checked(probability: Any, labels: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values, truth = np.asarray(probability, np.float64), np.asarray(labels)
    if values.ndim != 2 or values.shape[1] < 2 or truth.shape != values.shape[:1] or not len(truth):
        raise ArrayInvalid(
            "probabilities are float[N, C], C >= 2, and labels int[N], N >= 1; got "
            f"{list(values.shape)} and {list(truth.shape)}"
        )
    is_valid = np.isfinite(values).all() and (np.abs(values.sum(axis=1) - 1) <= SUM_TOLERANCE).all()
    if not is_valid or values.min() < 0:
        raise ArrayInvalid("probabilities must be finite, >= 0 and add up to 1 in each row")
    if truth.dtype.kind not in "iu" or truth.min() < 0 or truth.max() >= values.shape[1]:
        raise ArrayInvalid(
            f"labels must be integers in [0, {values.shape[1]}), got {truth.dtype} from "
            f"{truth.min()} to {truth.max()}"
        )
    return values, truth.astype(np.int64)
