"""The fingerprint stage: every distinct photo is decoded once and described.

Results are kept by SHA-256, so a photo that was moved or copied is not decoded again. A photo that
cannot be decoded is kept as well, with its reason.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import InputError
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.fingerprint import (
    DESCRIPTOR_DIM,
    THUMBNAIL_PX,
    VIEWS,
    descriptors_of,
    grey_of,
    is_grey,
    thumbnail_of,
)
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.scan import first_paths, read_photos
from facenet_res.dedup.stage_files import SHARD_ITEMS, Shard, ShardFolder
from facenet_res.dedup.types import Fingerprints, SkippedFile, Stage
from facenet_res.imaging.decode import ImageLimits, read_image

# Raised when a descriptor is computed differently: earlier ones are then not read.
_VERSION: Final = 1
_PHOTOS_PER_WORKER: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Described:
    sha256: str
    width_px: int
    height_px: int
    is_grey: bool
    descriptors: NDArray[np.float32]
    thumbnail: NDArray[np.uint8]
    reason: str = ""
    message: str = ""


def describe(folder: Path, out: Path, config: DedupConfig, on_progress: OnProgress) -> None:
    """Adds a fingerprint for every photo that has none.

    Raises:
        FileMissing: the folder was not scanned.
        DiskFull: the output folder cannot be written.
    """
    paths = first_paths(read_photos(out))
    shards = _shards(out, config.limits)
    known = {name for shard in shards.read() for name in shard["sha256"].tolist()}
    missing = [name for name in paths if name not in known]
    done = len(paths) - len(missing)
    on_progress(Progress(Stage.FINGERPRINT, done, len(paths)))
    batch: list[_Described] = []
    work = (lambda name=name: _described(folder, paths[name], name, config) for name in missing)
    for described in _in_order(work, config.workers):
        batch.append(described)
        done += 1
        if len(batch) == SHARD_ITEMS:
            shards.append(_packed(batch))
            batch = []
        on_progress(Progress(Stage.FINGERPRINT, done, len(paths)))
    if batch:
        shards.append(_packed(batch))


def read_fingerprints(
    out: Path, config: DedupConfig, paths: dict[str, str]
) -> tuple[Fingerprints, list[SkippedFile]]:
    """The fingerprints of the photos that can be decoded, and those that cannot.

    Args:
        out: the output folder.
        config: of the run that made them.
        paths: SHA-256 to first path; what else was ever described is left out.
    """
    rows: dict[str, tuple[Shard, int]] = {}
    skipped: dict[str, SkippedFile] = {}
    for shard in _shards(out, config.limits).read():
        names, reasons = shard["sha256"].tolist(), shard["reason"].tolist()
        for row, (name, reason) in enumerate(zip(names, reasons, strict=True)):
            if name not in paths:
                continue
            if reason:
                skipped[name] = SkippedFile(paths[name], reason, str(shard["message"][row]))
            else:
                rows[name] = (shard, row)
    names = [name for name in paths if name in rows]

    def column(key: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
        picked = [rows[name][0][key][rows[name][1]] for name in names]
        return np.array(picked).reshape(len(names), *shape)

    fingerprints = Fingerprints(
        sha256=tuple(names),
        size_px=column("size_px", (2,)).astype(np.int32),
        is_grey=column("is_grey", ()).astype(np.bool_),
        descriptors=column("descriptors", (VIEWS, DESCRIPTOR_DIM)).astype(np.float32),
        thumbnails=column("thumbnails", (THUMBNAIL_PX, THUMBNAIL_PX)).astype(np.uint8),
    )
    return fingerprints, [skipped[name] for name in paths if name in skipped]


def _shards(out: Path, limits: ImageLimits) -> ShardFolder:
    # Other limits let other photos pass, so their results are kept apart.
    key = sha256(f"{_VERSION} {limits}".encode()).hexdigest()[:8]
    return ShardFolder(out / f"fingerprints-{key}")


def _described(folder: Path, path: str, name: str, config: DedupConfig) -> _Described:
    try:
        image = read_image(folder / path, config.limits)
    except InputError as error:
        descriptors = np.zeros((VIEWS, DESCRIPTOR_DIM), np.float32)
        thumbnail = np.zeros((THUMBNAIL_PX, THUMBNAIL_PX), np.uint8)
        return _Described(name, 0, 0, False, descriptors, thumbnail, error.reason, str(error))
    height_px, width_px = image.shape[:2]
    grey = grey_of(image)
    return _Described(
        name, width_px, height_px, is_grey(image), descriptors_of(grey), thumbnail_of(grey)
    )


def _packed(batch: list[_Described]) -> Shard:
    return {
        "sha256": np.array([item.sha256 for item in batch], np.str_),
        "size_px": np.array([(item.width_px, item.height_px) for item in batch], np.int32),
        "is_grey": np.array([item.is_grey for item in batch], np.bool_),
        "descriptors": np.stack([item.descriptors for item in batch]),
        "thumbnails": np.stack([item.thumbnail for item in batch]),
        "reason": np.array([item.reason for item in batch], np.str_),
        "message": np.array([item.message for item in batch], np.str_),
    }


def _in_order(work: Iterable[Callable[[], _Described]], workers: int) -> Iterator[_Described]:
    """Runs the work in threads, a few items ahead of the reader, and keeps the order."""
    waiting: deque[Future[_Described]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="fingerprint") as executor:
        for item in work:
            waiting.append(executor.submit(item))
            if len(waiting) >= workers * _PHOTOS_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
