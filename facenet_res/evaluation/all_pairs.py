"""All pairs of many faces, counted without ever holding all of them.

A few thousand faces make tens of millions of pairs, but few are worth keeping: those of two people
that a threshold accepts. The others only need counting, and their number has a closed form.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.types import Embeddings
from facenet_res.evaluation.calibration import check_rate

ROWS_AT_ONCE: Final = 1024
HELD_MAX: Final = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ComparedFaces:
    """What came of all pairs at a threshold.

    Attributes:
        faces: int64[P], faces of each person.
        rejects: int64[P], each person's own pairs that were refused.
        accepted: int64[A, 2], the two people of each pair of different people accepted.
    """

    faces: NDArray[np.int64]
    rejects: NDArray[np.int64]
    accepted: NDArray[np.int64]

    def counts(self, drawn: NDArray[np.int64]) -> tuple[int, int, int, int]:
        """False matches, impostor pairs, false non-matches, genuine pairs.

        Args:
            drawn: int64[P], how often each person counts; ones for the plain figures. A pair of
                two people counts as often as both together.
        """
        first, second = self.accepted.T
        weighted = self.faces * drawn
        own = self.faces * (self.faces - 1) // 2
        return (
            int((drawn[first] * drawn[second]).sum()),
            _of_two_people(weighted),
            int((self.rejects * drawn).sum()),
            int((own * drawn).sum()),
        )


def compare_all(rows: Embeddings, person: NDArray[np.int64], threshold: float) -> ComparedFaces:
    """Compares each face with each other one.

    Args:
        rows: float32[B, D], unit rows.
        person: int64[B], who each shows, any numbers.
        threshold: the least similarity accepted.

    Raises:
        ArgumentInvalid: the threshold accepts more pairs of two people than can be held.
    """
    numbers = np.unique(person, return_inverse=True)[1]
    faces = np.bincount(numbers)
    rejects = np.zeros(len(faces), np.int64)
    accepted: list[NDArray[np.int64]] = []
    held = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        table, is_own, is_pair = _block(rows, numbers, start)
        is_accepted = table >= threshold
        refused = np.nonzero(is_pair & is_own & ~is_accepted)[0]
        rejects += np.bincount(numbers[refused + start], minlength=len(faces))
        first, second = np.nonzero(is_pair & ~is_own & is_accepted)
        accepted.append(np.stack([numbers[first + start], numbers[second]], axis=1))
        held += len(first)
        if held > HELD_MAX:
            raise ArgumentInvalid(
                f"threshold {threshold:.4f} accepts over {HELD_MAX} pairs of two people; "
                "take a higher one"
            )
    return ComparedFaces(faces, rejects, np.concatenate(accepted))


def impostor_threshold(rows: Embeddings, person: NDArray[np.int64], fmr: float) -> float:
    """The least threshold that accepts at most the asked share of all pairs of two people.

    Args:
        rows: float32[B, D], unit rows.
        person: int64[B], who each shows.
        fmr: in (0, 1).

    Raises:
        ArgumentInvalid: the rate is out of range, below 3 / pairs, or allows more pairs than can
            be held.
    """
    pairs = _of_two_people(np.unique(person, return_counts=True)[1])
    check_rate(fmr, pairs)
    allowed = int(fmr * pairs + 1e-9)
    if allowed >= HELD_MAX:
        raise ArgumentInvalid(f"a rate of {fmr:g} allows {allowed} pairs, limit is {HELD_MAX}")
    closest = np.empty(0, np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        table, is_own, is_pair = _block(rows, person, start)
        closest = np.concatenate([closest, table[is_pair & ~is_own]])
        if len(closest) > allowed + 1:
            closest = np.partition(closest, len(closest) - allowed - 1)[-allowed - 1 :]
    # The next pair, the first that is not allowed, must be refused.
    return float(np.nextafter(closest.min(), np.float32(np.inf)))


def _of_two_people(faces: NDArray[np.int64]) -> int:
    """Pairs of different people: half of the square, less each person's own square."""
    return (int(faces.sum()) ** 2 - int((faces**2).sum())) // 2


def _block(
    rows: Embeddings, person: NDArray[np.int64], start: int
) -> tuple[Embeddings, NDArray[np.bool_], NDArray[np.bool_]]:
    """Similarities of some rows to all; whether they are of one person; whether i < j."""
    table = rows[start : start + ROWS_AT_ONCE] @ rows.T
    is_own = person[start : start + ROWS_AT_ONCE, None] == person
    return table, is_own, np.triu(np.ones(table.shape, np.bool_), start + 1)
