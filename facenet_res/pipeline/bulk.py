"""Many image files through one pipeline: bounded memory, order kept, nothing stops it."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from facenet_res.core.errors import (
    ArgumentInvalid,
    ArrayInvalid,
    FileMissing,
    ImageTooLarge,
    ImageUnreadable,
)
from facenet_res.core.types import Face
from facenet_res.imaging.decode import read_image_bytes
from facenet_res.pipeline.embed import FacePipeline

WORKERS_MAX = 256
# Files in hand for each worker: one at work, one waiting, one done but not yet its turn.
FILES_PER_WORKER = 3

# The faults of one file; whatever else goes wrong would go wrong with every other file too.
FILE_FAULTS = (ArrayInvalid, FileMissing, ImageTooLarge, ImageUnreadable)


@dataclass(frozen=True, slots=True, eq=False)
class FileFaces:
    """A file that was read.

    Attributes:
        path: as it was given.
        width_px: of the upright image.
        height_px: of the upright image.
        faces: largest first; empty where the image holds none.
    """

    path: Path
    width_px: int
    height_px: int
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class FileSkipped:
    """A file that could not be read.

    Attributes:
        path: as it was given.
        reason: stable name of the error, such as IMAGE_UNREADABLE.
        message: the error, for people.
    """

    path: Path
    reason: str
    message: str


def embed_files(
    pipeline: FacePipeline,
    paths: Iterable[str | os.PathLike[str]],
    *,
    workers: int = 2,
    faces_max: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[FileFaces | FileSkipped]:
    """Embeds the faces of many files, several at a time.

    Args:
        pipeline: what to run each file through.
        paths: may be endless; files are opened a few ahead of the reader.
        workers: threads, 1 to 256.
        faces_max: how many of the largest faces of each file are wanted; None for all.
        on_progress: called in the reader's thread with the number of files done, after each.

    Returns:
        One result for each path, in the order of the paths.

    Raises:
        ArgumentInvalid: workers or faces_max is out of range.
    """
    if not 1 <= workers <= WORKERS_MAX:
        raise ArgumentInvalid(f"workers must be in [1, {WORKERS_MAX}], got {workers}")
    if faces_max is not None and faces_max < 1:
        raise ArgumentInvalid(f"faces_max must be at least 1, got {faces_max}")
    # A generator would run the checks above only when its first result is asked for.
    return _results(pipeline, map(Path, paths), workers, faces_max, on_progress)


def _results(
    pipeline: FacePipeline,
    paths: Iterator[Path],
    workers: int,
    faces_max: int | None,
    on_progress: Callable[[int], None] | None,
) -> Iterator[FileFaces | FileSkipped]:
    waiting: deque[Future[FileFaces | FileSkipped]] = deque()
    executor = ThreadPoolExecutor(workers, thread_name_prefix="embed-files")
    done = 0
    try:
        while True:
            while len(waiting) < workers * FILES_PER_WORKER:
                path = next(paths, None)
                if path is None:
                    break
                waiting.append(executor.submit(_embed_file, pipeline, path, faces_max))
            if not waiting:
                return
            result = waiting.popleft().result()
            done += 1
            if on_progress is not None:
                on_progress(done)
            yield result
    finally:
        # Reached too when the reader stops early: what has not begun is not begun.
        executor.shutdown(wait=True, cancel_futures=True)


def _embed_file(
    pipeline: FacePipeline, path: Path, faces_max: int | None
) -> FileFaces | FileSkipped:
    try:
        found = pipeline.find(read_image_bytes(path, pipeline.limits), faces_max)
        faces = pipeline.embed_found(found)
    except FILE_FAULTS as error:
        return FileSkipped(path, error.reason, str(error))
    return FileFaces(path, found.width_px, found.height_px, tuple(faces))
