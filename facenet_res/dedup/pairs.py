"""The pairs stage: candidates by fingerprint, judgements by pixels.

The candidates with most corners in common come first; two images that a chain of copies joins by
then are not compared, so that a group of n costs about n comparisons. A judgement is kept by the
pair's SHA-256, copies and others alike, so a run that goes on, or a folder that grew, compares only
what is new.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.candidates import CORNERS_FEW, Candidate, find_candidates
from facenet_res.dedup.collage import contains
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.copy_pair import CopyPair, copy_pair
from facenet_res.dedup.difference import judged
from facenet_res.dedup.features import similarity_between
from facenet_res.dedup.fingerprint_table import read_fingerprints
from facenet_res.dedup.fingerprints import Fingerprints
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.register import Matrix, registered
from facenet_res.dedup.scan import first_paths, read_photos
from facenet_res.dedup.stage_files import SHARD_ITEMS, Parts
from facenet_res.dedup.types import Stage

# Raised when pixels are judged differently: earlier judgements are then not read.
_JUDGEMENTS: Final = "judgements-2"
_COPIES: Final = "copies"
_SCHEMA: Final = pa.schema(
    {
        "first": pa.string(),
        "second": pa.string(),
        "is_copy": pa.bool_(),
        "similarity": pa.float64(),
        "place": pa.list_(pa.float64()),
        "levels": pa.list_(pa.float64()),
        "overlay": pa.list_(pa.float64()),
        "overlay_on": pa.string(),
        "container": pa.string(),
    }
)
# Views in memory, 200 kB each at most; candidates come sorted, so their firsts repeat.
_VIEWS_MAX: Final = 512
# Compared at once; what an earlier batch joined is not compared again.
_AT_ONCE: Final = 32
# A smaller view shows too little to be told from another.
_SIDE_PX_MIN: Final = 32


class PixelComparison:
    """Lays images over each other, from their fingerprints alone. For several threads."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self.view = lru_cache(maxsize=_VIEWS_MAX)(fingerprints.view)

    def compare(self, first: int, second: int, turns: Iterable[int] = ()) -> CopyPair:
        """The judgement about two images, by rows of the fingerprints.

        Args:
            first: a row.
            second: a row.
            turns: ways the second may lie as a whole, tried where corners do not decide.
        """
        names = self._fingerprints.sha256[first], self._fingerprints.sha256[second]
        best = CopyPair(*names, is_copy=False)
        views = self.view(first), self.view(second)
        if min(*views[0].shape[:2], *views[1].shape[:2]) < _SIDE_PX_MIN:
            return best
        for start in self._starts(first, second, turns):
            found = registered(*views, start)
            judgement = None if found is None else judged(found.source, found.target, found.seen)
            if found is None or judgement is None:
                continue
            pair = copy_pair(names, (views[0], views[1]), found, judgement)
            if pair.is_copy:
                return _unless_contained(pair, views)
            best = max(best, pair, key=lambda each: each.similarity)
        return best

    def _starts(self, first: int, second: int, turns: Iterable[int]) -> Iterator[Matrix]:
        """Maps from the first view to the second, likeliest first."""
        views = self.view(first), self.view(second)
        plain = self._fingerprints.features(first)
        flip = np.array([[-1.0, 0, views[1].shape[1] - 1], [0, 1, 0]])
        for mirrored in (False, True):
            other = self._fingerprints.features(second, mirrored=mirrored)
            found = similarity_between(plain, other)
            if found is not None:
                yield flip @ _square(found) if mirrored else found
        fewest = min(len(plain.points), len(self._fingerprints.features(second).points))
        if fewest < CORNERS_FEW:
            for turn in turns:
                yield _whole(views, turn)


def _unless_contained(pair: CopyPair, views: tuple[Image, Image]) -> CopyPair:
    """The pair, which is no copy where one of the two is a collage that shows the other."""
    if contains(*views, pair):
        return replace(pair, is_copy=False, container="second")
    if contains(views[1], views[0], pair.swapped()):
        return replace(pair, is_copy=False, container="first")
    return pair


def _square(matrix: Matrix) -> NDArray[np.float64]:
    return np.vstack([matrix, [0, 0, 1]])


def _whole(views: tuple[Image, Image], turn: int) -> Matrix:
    """The map of the whole first view to the whole second, which lies as the turn says."""
    (height, width), (other_height, other_width) = views[0].shape[:2], views[1].shape[:2]
    # Shares of the frame: first as the turned second shows them, then as the second has them.
    matrix = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    if turn & 1:
        matrix = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1]]) @ matrix
    if turn & 2:
        matrix = np.array([[1, 0, 0], [0, -1, 1], [0, 0, 1]]) @ matrix
    if turn & 4:
        matrix = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]) @ matrix
    to_px = np.array([[other_width, 0, -0.5], [0, other_height, -0.5]])
    return np.asarray(to_px @ matrix, np.float64)


def find_pairs(out: Path, config: DedupConfig, on_progress: OnProgress) -> None:
    """Writes the pairs of images that are copies of each other.

    Raises:
        FileMissing: an earlier stage has not run.
        DiskFull: the output folder cannot be written.
    """
    fingerprints, _ = read_fingerprints(out, config, first_paths(read_photos(out)))
    candidates = _candidates(fingerprints) if config.near_copies else []
    known: dict[tuple[str, str], CopyPair] = {}
    for pair in read_judgements(out):
        known[pair.first, pair.second] = pair
        known[pair.second, pair.first] = pair.swapped()
    comparison = PixelComparison(fingerprints)
    copies: list[CopyPair] = []

    def judgement(candidate: Candidate) -> CopyPair:
        names = fingerprints.sha256[candidate.first], fingerprints.sha256[candidate.second]
        if names in known:
            return known[names]
        return comparison.compare(candidate.first, candidate.second, candidate.turns)

    on_progress(Progress(Stage.PAIRS, 0, len(candidates)))
    joined = _Joined(len(fingerprints.sha256))
    new: list[CopyPair] = []
    with ThreadPoolExecutor(config.workers, thread_name_prefix="pairs") as executor:
        for start in range(0, len(candidates), _AT_ONCE):
            batch = [
                each
                for each in candidates[start : start + _AT_ONCE]
                if not joined.are(each.first, each.second)
            ]
            found = list(executor.map(judgement, batch))
            for candidate, pair in zip(batch, found, strict=True):
                if (pair.first, pair.second) not in known:
                    new.append(pair)
                if pair.is_copy:
                    joined.join(candidate.first, candidate.second)
            if len(new) >= SHARD_ITEMS:
                remember(out, new)
                new = []
            copies.extend(pair for pair in found if pair.is_copy or pair.container)
            done = min(start + _AT_ONCE, len(candidates))
            on_progress(Progress(Stage.PAIRS, done, len(candidates)))
    remember(out, new)
    Parts(out / _COPIES, _SCHEMA).replace([asdict(pair) for pair in copies])


class _Joined:
    """Which images are copies of each other by a chain of pairs: union by a common root."""

    def __init__(self, count: int) -> None:
        self._root = list(range(count))

    def are(self, first: int, second: int) -> bool:
        return self._find(first) == self._find(second)

    def join(self, first: int, second: int) -> None:
        self._root[self._find(first)] = self._find(second)

    def _find(self, row: int) -> int:
        while self._root[row] != row:
            self._root[row] = row = self._root[self._root[row]]
        return row


def remember(out: Path, pairs: list[CopyPair]) -> None:
    """Keeps judgements for later runs.

    Raises:
        DiskFull: the output folder cannot be written.
    """
    if pairs:
        Parts(out / _JUDGEMENTS, _SCHEMA).append([asdict(pair) for pair in pairs])


def read_judgements(out: Path) -> list[CopyPair]:
    """Every pair that was ever compared, copies and others."""
    return list(_pairs(Parts(out / _JUDGEMENTS, _SCHEMA).read()))


def _candidates(fingerprints: Fingerprints) -> list[Candidate]:
    plain, mirrored = fingerprints.corners(), fingerprints.corners(mirrored=True)
    return find_candidates(plain, mirrored, fingerprints.descriptors)


def read_pairs(out: Path) -> list[CopyPair]:
    """The pairs of copies and of collages with what they show; none where the stage has not run."""
    return list(_pairs(Parts(out / _COPIES, _SCHEMA).read()))


def _pairs(table: pa.Table) -> Iterator[CopyPair]:
    for record in table.to_pylist():
        lists = {name: tuple(record[name]) for name in ("place", "levels", "overlay")}
        yield CopyPair(**record | lists)
