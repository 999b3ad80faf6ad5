"""The read stage: every distinct image is read and decoded once; pixels, corners and faces.

Threads decode, fingerprint and detect; the faces of some hundred images are embedded together, in
the engine's batches. Results are kept by SHA-256, fingerprints and faces apart, so that an image
that was moved costs nothing, and another model no fingerprint. What cannot be read is kept with
its reason; a file that was away is tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from facenet_res.core.errors import InputError
from facenet_res.core.ordered import ordered_map
from facenet_res.core.types import Face
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.face_table import FaceTable, face_thumbnail, write_model
from facenet_res.dedup.fingerprint import fingerprint_of
from facenet_res.dedup.fingerprint_table import FingerprintTable, Record, columns
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.scan import first_paths, read_photos
from facenet_res.dedup.stage_files import SHARD_ITEMS
from facenet_res.dedup.types import Stage
from facenet_res.imaging.decode import read_image

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

# Crops in memory before they are embedded, 38 kB each: a folder of crowds is written sooner.
CROPS_MAX: Final = 1024


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """One image: its fingerprint if it is new, and its faces, not yet embedded."""

    sha256: str
    fingerprint: Record | None = None
    faces: Sequence[Face] | None = None
    thumbnails: Sequence[bytes] = ()
    error: InputError | None = None


def read_images(
    folder: Path,
    out: Path,
    config: DedupConfig,
    recognizer: "FaceRecognizer | None",
    on_progress: OnProgress,
) -> None:
    """Adds the fingerprint and the faces of every image that lacks them.

    Args:
        folder: of the images.
        out: the output folder.
        config: of the run.
        recognizer: None for a run that looks for copies only.
        on_progress: is told after each image.

    Raises:
        FileMissing: the folder was not scanned.
        DiskFull: the output folder cannot be written.
    """
    # Bytes alone need no pixels.
    needs_pixels = config.near_copies or recognizer is not None
    paths = first_paths(read_photos(out)) if needs_pixels else {}
    fingerprints = FingerprintTable(out, config.limits)
    faces = None if recognizer is None else FaceTable.of(out, config, recognizer)
    lack_fingerprint = paths.keys() - fingerprints.settled()
    lack_faces = set() if faces is None else paths.keys() - faces.settled()
    missing = [name for name in paths if name in lack_fingerprint or name in lack_faces]
    done = len(paths) - len(missing)
    on_progress(Progress(Stage.READ, done, len(paths)))

    def work(name: str) -> _Read:
        reader = recognizer if name in lack_faces else None
        return _read(folder / paths[name], name, config, reader, name in lack_fingerprint)

    def write(batch: Sequence[_Read]) -> None:
        fingerprints.append(_fingerprint_records(batch, lack_fingerprint))
        if faces is not None and recognizer is not None:
            faces.append([each for each in batch if each.sha256 in lack_faces], recognizer)

    batch: list[_Read] = []
    for each in ordered_map(work, missing, workers=config.workers, name="read"):
        batch.append(each)
        done += 1
        crops = sum(len(one.faces or ()) for one in batch)
        if len(batch) == SHARD_ITEMS or crops >= CROPS_MAX:
            write(batch)
            batch = []
        on_progress(Progress(Stage.READ, done, len(paths)))
    write(batch)
    write_model(out, faces)


def _read(
    path: Path,
    name: str,
    config: DedupConfig,
    recognizer: "FaceRecognizer | None",
    lacks_fingerprint: bool,
) -> _Read:
    try:
        image = read_image(path, config.limits)
        fingerprint = columns(fingerprint_of(image)) if lacks_fingerprint else None
        if recognizer is None:
            return _Read(name, fingerprint)
        faces = recognizer.detect(image, faces_max=config.faces_a_photo_max)
        side_px = config.thumbnail_px
        return _Read(
            name, fingerprint, faces, [face_thumbnail(image, each.box, side_px) for each in faces]
        )
    except InputError as error:
        return _Read(name, error=error)


def _fingerprint_records(batch: Sequence[_Read], wanted: set[str]) -> list[Record]:
    return [
        {"sha256": each.sha256, "reason": "", "message": ""} | (each.fingerprint or {})
        if each.error is None
        else {"sha256": each.sha256, "reason": each.error.reason, "message": str(each.error)}
        for each in batch
        if each.sha256 in wanted
    ]
