"""The fingerprint stage: every distinct image is decoded once and described.

Results are kept by SHA-256, so an image that was moved or copied is not decoded again. An image
that cannot be decoded is kept as well, with its reason; one that was away is tried again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from facenet_res.core.errors import FileMissing, InputError
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.fingerprint import Fingerprint, fingerprint_of
from facenet_res.dedup.fingerprints import Fingerprints
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.scan import first_paths, read_photos
from facenet_res.dedup.stage_files import SHARD_ITEMS, Parts
from facenet_res.dedup.types import SkippedFile, Stage
from facenet_res.imaging.decode import ImageLimits, read_image
from facenet_res.imaging.encode import encode_jpeg

# Raised when a fingerprint is computed differently: earlier ones are then not read.
_VERSION: Final = 2
_IMAGES_PER_WORKER: Final = 3
_VIEW_QUALITY: Final = 92
_SCHEMA: Final = pa.schema(
    {
        "sha256": pa.string(),
        "reason": pa.string(),
        "message": pa.string(),
        "width_px": pa.int32(),
        "height_px": pa.int32(),
        "pixels_sha256": pa.string(),
        "is_grey": pa.bool_(),
        "colour": pa.float64(),
        "clipped": pa.float64(),
        "detail": pa.float64(),
        "view": pa.binary(),
        "plain_points": pa.binary(),
        "plain_codes": pa.binary(),
        "mirrored_points": pa.binary(),
        "mirrored_codes": pa.binary(),
        "descriptors": pa.binary(),
    }
)

_Record = dict[str, Any]


def describe(folder: Path, out: Path, config: DedupConfig, on_progress: OnProgress) -> None:
    """Adds a fingerprint for every image that has none.

    Raises:
        FileMissing: the folder was not scanned.
        DiskFull: the output folder cannot be written.
    """
    paths = first_paths(read_photos(out))
    parts = _parts(out, config.limits)
    described = parts.read()
    reasons = described["reason"].to_pylist()
    known = {
        name
        for name, reason in zip(described["sha256"].to_pylist(), reasons, strict=True)
        if reason != FileMissing.reason
    }
    missing = [name for name in paths if name not in known]
    done = len(paths) - len(missing)
    on_progress(Progress(Stage.FINGERPRINT, done, len(paths)))
    batch: list[_Record] = []
    work = (lambda name=name: _record(folder / paths[name], name, config) for name in missing)
    for record in _in_order(work, config.workers):
        batch.append(record)
        done += 1
        if len(batch) == SHARD_ITEMS:
            parts.append(batch)
            batch = []
        on_progress(Progress(Stage.FINGERPRINT, done, len(paths)))
    if batch:
        parts.append(batch)


def read_fingerprints(
    out: Path, config: DedupConfig, paths: dict[str, str]
) -> tuple[Fingerprints, list[SkippedFile]]:
    """The fingerprints of the images that can be decoded, and those that cannot.

    Args:
        out: the output folder.
        config: of the run that made them.
        paths: SHA-256 to first path; what else was ever described is left out.
    """
    table = _parts(out, config.limits).read()
    # The last word counts: an image that was away may be there now.
    rows = {name: row for row, name in enumerate(table["sha256"].to_pylist()) if name in paths}
    reasons, messages = table["reason"].to_pylist(), table["message"].to_pylist()
    named = [(name, rows[name]) for name in paths if name in rows]
    skipped = [
        SkippedFile(paths[name], reasons[row], messages[row]) for name, row in named if reasons[row]
    ]
    return Fingerprints(table, [row for _, row in named if not reasons[row]]), skipped


def _parts(out: Path, limits: ImageLimits) -> Parts:
    # Other limits let other images pass, so their results are kept apart.
    key = sha256(f"{_VERSION} {limits}".encode()).hexdigest()[:8]
    return Parts(out / f"fingerprints-{key}", _SCHEMA)


def _record(path: Path, name: str, config: DedupConfig) -> _Record:
    try:
        return {"sha256": name, "reason": ""} | _columns(
            fingerprint_of(read_image(path, config.limits))
        )
    except InputError as error:
        return {"sha256": name, "reason": error.reason, "message": str(error)}


def _columns(found: Fingerprint) -> _Record:
    return {
        "width_px": found.width_px,
        "height_px": found.height_px,
        "pixels_sha256": found.pixels_sha256,
        "is_grey": found.is_grey,
        "colour": found.colour,
        "clipped": found.clipped,
        "detail": found.detail,
        "view": encode_jpeg(found.view, _VIEW_QUALITY),
        "plain_points": found.plain.points.tobytes(),
        "plain_codes": found.plain.codes.tobytes(),
        "mirrored_points": found.mirrored.points.tobytes(),
        "mirrored_codes": found.mirrored.codes.tobytes(),
        "descriptors": found.descriptors.tobytes(),
    }


def _in_order(work: Iterable[Callable[[], _Record]], workers: int) -> Iterator[_Record]:
    """Runs the work in threads, a few items ahead of the reader, and keeps the order."""
    waiting: deque[Future[_Record]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="fingerprint") as executor:
        for item in work:
            waiting.append(executor.submit(item))
            if len(waiting) >= workers * _IMAGES_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
