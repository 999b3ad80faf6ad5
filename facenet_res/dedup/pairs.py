"""The pairs stage: candidates by fingerprint, verdicts by pixels.

A verdict that cost reading two files is kept by the pair's SHA-256, copies and others alike, so a
run that goes on, or a folder that grew, compares only what is new.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import InputError
from facenet_res.dedup.align import WORKING_PX, align, lay_over
from facenet_res.dedup.candidates import Candidate, find_candidates
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.describe import read_fingerprints
from facenet_res.dedup.fingerprint import grey_of
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.scan import first_paths, read_photos
from facenet_res.dedup.stage_files import SHARD_ITEMS, Shard, ShardFolder, read_lines, write_lines
from facenet_res.dedup.turns import turned
from facenet_res.dedup.types import CopyPair, Fingerprints, Stage
from facenet_res.imaging.decode import ImageLimits, read_image
from facenet_res.imaging.warp import resize

_PAIRS_FILE: Final = "pairs.jsonl"
# Raised when pixels are judged differently: earlier verdicts are then not read.
_VERDICTS: Final = "verdicts-1"
# Squeezed pictures in memory, 64 KiB each; candidates come sorted, so their firsts repeat.
_PICTURES_MAX: Final = 1024


class PixelComparison:
    """Reads photos and lays them over each other. Safe to call from several threads."""

    def __init__(
        self, folder: Path, paths: dict[str, str], fingerprints: Fingerprints, limits: ImageLimits
    ) -> None:
        self._fingerprints = fingerprints

        @lru_cache(maxsize=_PICTURES_MAX)
        def squeezed(row: int) -> NDArray[np.uint8]:
            path = folder / paths[fingerprints.sha256[row]]
            return resize(grey_of(read_image(path, limits)), WORKING_PX, WORKING_PX)

        self._squeezed = squeezed

    def compare(self, first: int, second: int, turns: Iterable[int]) -> CopyPair | None:
        """The verdict about two photos, by rows of the fingerprints.

        Returns:
            None where their thumbnails already differ, or a file has gone since the scan.
        """
        names, thumbnails = self._fingerprints.sha256, self._fingerprints.thumbnails
        side_px = int(self._fingerprints.size_px[[first, second]].min())
        best = None
        for turn in turns:
            start = lay_over(thumbnails[first], turned(thumbnails[second], turn))
            if start is None:
                continue
            try:
                kept, other = self._squeezed(first), turned(self._squeezed(second), turn)
            except InputError:
                return None
            found = align(kept, other, start, side_px)
            covers = (round(found.first_cover, 4), round(found.second_cover, 4))
            pair = CopyPair(
                names[first],
                names[second],
                turn,
                round(found.similarity, 6),
                *covers,
                found.is_copy,
            )
            if pair.is_copy:
                return pair
            best = best or pair
        return best


def find_pairs(folder: Path, out: Path, config: DedupConfig, on_progress: OnProgress) -> None:
    """Writes the pairs of photos that are copies of each other.

    Raises:
        FileMissing: an earlier stage has not run.
        DiskFull: the output folder cannot be written.
    """
    paths = first_paths(read_photos(out))
    fingerprints, _ = read_fingerprints(out, config, paths)
    candidates = find_candidates(fingerprints.descriptors) if config.near_copies else []
    verdicts = ShardFolder(out / _VERDICTS)
    known = {(pair.first, pair.second): pair for pair in _unpacked(verdicts.read())}
    comparison = PixelComparison(folder, paths, fingerprints, config.limits)
    copies: list[CopyPair] = []

    def verdict(candidate: Candidate) -> CopyPair | None:
        names = fingerprints.sha256[candidate.first], fingerprints.sha256[candidate.second]
        if names in known:
            return known[names]
        return comparison.compare(candidate.first, candidate.second, candidate.turns)

    on_progress(Progress(Stage.PAIRS, 0, len(candidates)))
    done = 0
    with ThreadPoolExecutor(config.workers, thread_name_prefix="pairs") as executor:
        for start in range(0, len(candidates), SHARD_ITEMS):
            batch = candidates[start : start + SHARD_ITEMS]
            found = [pair for pair in executor.map(verdict, batch) if pair is not None]
            new = [pair for pair in found if (pair.first, pair.second) not in known]
            if new:
                verdicts.append(_packed(new))
            copies.extend(pair for pair in found if pair.is_copy)
            done += len(batch)
            on_progress(Progress(Stage.PAIRS, done, len(candidates)))
    write_lines(out / _PAIRS_FILE, map(asdict, copies))


def read_pairs(out: Path) -> list[CopyPair]:
    """The pairs of copies.

    Raises:
        FileMissing: the pairs stage has not run.
    """
    return [CopyPair(**record) for record in read_lines(out / _PAIRS_FILE)]


def _packed(pairs: list[CopyPair]) -> Shard:
    numbers = [(pair.similarity, pair.first_cover, pair.second_cover) for pair in pairs]
    return {
        "names": np.array([(pair.first, pair.second) for pair in pairs], np.str_),
        "turns": np.array([pair.turn for pair in pairs], np.int32),
        "numbers": np.array(numbers, np.float64),
        "is_copy": np.array([pair.is_copy for pair in pairs], np.bool_),
    }


def _unpacked(shards: Iterable[Shard]) -> Iterator[CopyPair]:
    for shard in shards:
        columns = (shard[name].tolist() for name in ("names", "turns", "numbers", "is_copy"))
        for (first, second), turn, (similarity, *covers), is_copy in zip(*columns, strict=True):
            yield CopyPair(first, second, turn, similarity, covers[0], covers[1], is_copy)
