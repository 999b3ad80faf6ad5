"""Labels that a model doubts: crops that look unlike the rest of their identity."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.types import Embeddings
from facenet_res.data.crops import CropSource
from facenet_res.data.records import NO_LABEL
from facenet_res.data.skipped import Skipped

BATCH = 64


@dataclass(frozen=True, slots=True)
class DoubtedLabel:
    """One crop whose label is doubted.

    Attributes:
        file: its name in the set.
        identity: what the label says.
        similarity: cosine to the mean of the identity's other crops.
        nearest: the identity whose mean is nearest, which may be the right one.
        nearest_similarity: the cosine to that.
    """

    file: str
    identity: str
    similarity: float
    nearest: str
    nearest_similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class CleanReport:
    """What was found in a set.

    Attributes:
        crops: labelled crops that were read.
        identities: of them.
        alone: crops whose identity has no other: nothing to compare with, so never doubted.
        similarity_min: below it a label is doubted.
        doubted: least similar first.
        similarities: float32, of all crops that are not alone.
        unreadable: crops that could not be read.
    """

    crops: int
    identities: int
    alone: int
    similarity_min: float
    doubted: tuple[DoubtedLabel, ...]
    similarities: NDArray[np.float32]
    unreadable: int


def doubted_labels(
    crops: CropSource,
    embedder: Embedder,
    *,
    similarity_min: float = 0.2,
    on_progress: Callable[[int], None] = lambda _: None,
) -> CleanReport:
    """Embeds all labelled crops and compares each with the others of its identity.

    A crop with few others of its kind is compared with a mean of few, which is the noisier; what
    is doubted is a list to look at, or to leave out of a training, not a verdict.

    Args:
        crops: the whole set.
        embedder: the model that judges.
        similarity_min: in [-1, 1]; that of the model's threshold for 1e-2 is a strict choice.
        on_progress: called with the crops done.

    Raises:
        ArgumentInvalid: similarity_min lies outside [-1, 1].
        DataInvalid: no identity has two crops, or too many crops are unreadable.
    """
    if not -1 <= similarity_min <= 1:
        raise ArgumentInvalid(f"similarity_min must be in [-1, 1], got {similarity_min}")
    skipped = Skipped(len(crops))
    labelled = np.flatnonzero(crops.labels != NO_LABEL)
    numbers, rows = _embedded(crops, labelled, embedder, skipped, on_progress)
    used, dense, counts = np.unique(crops.labels[numbers], return_inverse=True, return_counts=True)
    if not len(numbers) or counts.max() < 2:
        raise DataInvalid("no identity has two readable crops: there is nothing to compare")
    sums = np.zeros((len(used), rows.shape[1]), np.float32)
    np.add.at(sums, dense, rows)
    others = _unit(sums[dense] - rows)
    own = (rows * others).sum(axis=1)
    is_alone = counts[dense] == 1
    doubted = np.flatnonzero((own < similarity_min) & ~is_alone)
    means = _unit(sums)
    found = []
    for place in doubted[np.argsort(own[doubted], kind="stable")].tolist():
        to_means = means @ rows[place]
        to_means[dense[place]] = own[place]
        nearest = int(np.argmax(to_means))
        number = int(numbers[place])
        found.append(
            DoubtedLabel(
                crops.name(number),
                crops.identity(number),
                float(own[place]),
                crops.identities[int(used[nearest])],
                float(to_means[nearest]),
            )
        )
    return CleanReport(
        len(numbers),
        len(used),
        int(is_alone.sum()),
        similarity_min,
        tuple(found),
        own[~is_alone].astype(np.float32),
        len(skipped),
    )


def doubted_csv(report: CleanReport) -> str:
    """A table with the column `file` that a recipe's `doubted` reads."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(DoubtedLabel.__dataclass_fields__)
    for each in report.doubted:
        similarities = (f"{each.similarity:.4f}", f"{each.nearest_similarity:.4f}")
        rows.writerow((each.file, each.identity, similarities[0], each.nearest, similarities[1]))
    return text.getvalue()


def _embedded(
    crops: CropSource,
    labelled: NDArray[np.int64],
    embedder: Embedder,
    skipped: Skipped,
    on_progress: Callable[[int], None],
) -> tuple[NDArray[np.int64], Embeddings]:
    numbers: list[int] = []
    parts = [np.empty((0, embedder.embedding_dim), np.float32)]
    for start in range(0, len(labelled), BATCH):
        faces = []
        for number in labelled[start : start + BATCH].tolist():
            try:
                faces.append(crops[number].decode())
            except DataInvalid as error:
                skipped.add(crops.name(number), str(error))
            else:
                numbers.append(number)
        if faces:
            parts.append(embedder.embed(np.stack(faces)))
        on_progress(min(start + BATCH, len(labelled)))
    return np.asarray(numbers, np.int64), np.concatenate(parts)


def _unit(rows: Embeddings) -> Embeddings:
    unit: Embeddings = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return unit
