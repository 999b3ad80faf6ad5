"""What is in a training set, and what is wrong with it, before weeks are spent on it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.data.crops import CropSource
from facenet_res.data.records import NO_LABEL, Fault

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Summary:
    """A training set in numbers.

    Attributes:
        kind: the format.
        images: that are in the index.
        identities: with at least one image.
        unlabelled: images without an identity.
        suspicious: images with a suspicious label.
        per_identity_min: images of the identity with the fewest; 0 without identities.
        per_identity_median: of the one in the middle.
        per_identity_max: of the one with the most.
        single: identities with one image.
        label_gaps: unused numbers from 0 to the highest label, where identities are numbers.
        remarks: what is odd and did no harm.
        faults: records that could not be indexed.
    """

    kind: str
    images: int
    identities: int
    unlabelled: int
    suspicious: int
    per_identity_min: int
    per_identity_median: float
    per_identity_max: int
    single: int
    label_gaps: int
    remarks: tuple[str, ...]
    faults: tuple[Fault, ...]


def summarize(source: CropSource) -> Summary:
    """Counts what the index knows; no image is read."""
    table = source.reader.table
    labels = source.labels
    counts = np.bincount(labels[labels != NO_LABEL], minlength=1)
    counts = counts[counts > 0]
    return Summary(
        kind=source.reader.kind,
        images=len(source),
        identities=len(counts),
        unlabelled=int(np.sum(labels == NO_LABEL)),
        suspicious=int(np.sum(~source.is_label_sure)),
        per_identity_min=int(counts.min(initial=len(source))) if len(counts) else 0,
        per_identity_median=float(np.median(counts)) if len(counts) else 0.0,
        per_identity_max=int(counts.max(initial=0)),
        single=int(np.sum(counts == 1)),
        label_gaps=table.label_gaps,
        remarks=table.remarks,
        faults=table.faults,
    )


def unreadable(
    source: CropSource, on_progress: Callable[[int], None] = lambda _: None, workers: int = 2
) -> list[Fault]:
    """Reads and decodes every crop.

    Args:
        source: the set.
        on_progress: told how many were read, at times.
        workers: threads.

    Returns:
        The crops that a training would skip, and why, in the order of the set.
    """

    def fault(number: int) -> Fault | None:
        try:
            source[number].decode()
        except DataInvalid as error:
            return Fault(source.name(number), str(error))
        return None

    found: list[Fault] = []
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(source), _CHUNK):
            end = min(start + _CHUNK, len(source))
            found += [each for each in pool.map(fault, range(start, end)) if each]
            on_progress(end)
    return found
