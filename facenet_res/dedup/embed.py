"""The embed stage: the faces of every distinct photo, found and embedded by the recognizer.

Results are kept by SHA-256 and by model, so neither a moved photo nor a second model costs more
than it must. The embeddings of people are personal data: the output folder holds them until it is
deleted.
"""

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import FileMissing
from facenet_res.core.types import ImageResult
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.progress import OnProgress, Progress
from facenet_res.dedup.scan import first_paths, read_photos
from facenet_res.dedup.stage_files import SHARD_ITEMS, Shard, ShardFolder, read_lines, write_lines
from facenet_res.dedup.types import PhotoFaces, SkippedFile, Stage

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

_VERSION: Final = 2
_MODEL_FILE: Final = "faces_model.jsonl"


@dataclass(frozen=True, slots=True)
class FaceModel:
    """Which model's faces the later stages read; all empty where no faces are compared.

    Attributes:
        model_id: of the network.
        embedding_dim: D.
        settings: of the recognizer, as far as they change faces or embeddings.
    """

    model_id: str
    embedding_dim: int
    settings: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Embedded:
    """One photo's faces without their crops, which would be most of the memory."""

    sha256: str
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    scores: tuple[float, ...] = ()
    embeddings: tuple[NDArray[np.float16], ...] = ()
    reason: str = ""
    message: str = ""


NO_MODEL: Final = FaceModel("", 0)


def embed(
    folder: Path,
    out: Path,
    config: DedupConfig,
    recognizer: "FaceRecognizer | None",
    on_progress: OnProgress,
) -> None:
    """Adds the faces of every photo that was not yet seen by this model.

    Args:
        folder: of the photos.
        out: the output folder.
        config: of the run.
        recognizer: None for a run that looks for copies only.
        on_progress: is told after each photo.

    Raises:
        FileMissing: the folder was not scanned.
        DiskFull: the output folder cannot be written.
    """
    paths = first_paths(read_photos(out))
    model = NO_MODEL
    if recognizer is not None:
        model = _model_of(recognizer)
        shards = _shards(out, model, config)
        known = {
            name
            for shard in shards.read()
            for name, reason in zip(shard["sha256"].tolist(), shard["reason"].tolist(), strict=True)
            # What was away for a moment is tried again.
            if reason != FileMissing.reason
        }
        missing = [name for name in paths if name not in known]
        done = len(paths) - len(missing)
        on_progress(Progress(Stage.EMBED, done, len(paths)))
        results = recognizer.embed_many(
            (folder / paths[name] for name in missing),
            workers=config.workers,
            faces_max=config.faces_a_photo_max,
        )
        batch: list[_Embedded] = []
        for name, result in zip(missing, results, strict=True):
            batch.append(_row(name, result))
            done += 1
            if len(batch) == SHARD_ITEMS:
                shards.append(_packed(batch, model))
                batch = []
            on_progress(Progress(Stage.EMBED, done, len(paths)))
        if batch:
            shards.append(_packed(batch, model))
    write_lines(out / _MODEL_FILE, [asdict(model)])


def read_model(out: Path) -> FaceModel:
    """The model of the faces that `read_faces` reads.

    Raises:
        FileMissing: the embed stage has not run.
    """
    return next(FaceModel(**record) for record in read_lines(out / _MODEL_FILE))


def read_faces(
    out: Path, config: DedupConfig, paths: dict[str, str]
) -> tuple[PhotoFaces, list[SkippedFile]]:
    """The faces of the photos, in their order, and the photos that could not be read.

    Args:
        out: the output folder.
        config: of the run that made them.
        paths: SHA-256 to first path; what else was ever embedded is left out.

    Raises:
        FileMissing: the embed stage has not run.
    """
    model = read_model(out)
    where: dict[str, tuple[Shard, int, int]] = {}
    skipped: dict[str, SkippedFile] = {}
    for shard in _shards(out, model, config).read() if model.model_id else ():
        ends = np.cumsum(shard["faces"]).tolist()
        starts = [0, *ends]
        names, reasons = shard["sha256"].tolist(), shard["reason"].tolist()
        for row, (name, reason) in enumerate(zip(names, reasons, strict=True)):
            if name not in paths:
                continue
            # The last word counts: what was away may be there now.
            skipped.pop(name, None)
            if reason:
                skipped[name] = SkippedFile(paths[name], reason, str(shard["message"][row]))
            where[name] = (shard, starts[row], ends[row])
    found = [(name, *where[name]) for name in paths if name in where]
    empty = _packed([], model)

    def joined(key: str) -> NDArray[Any]:
        return np.concatenate([empty[key], *(shard[key][a:b] for _, shard, a, b in found)])

    faces = PhotoFaces(
        sha256=tuple(name for name, _, start, end in found for _ in range(start, end)),
        boxes=joined("boxes"),
        scores=joined("scores"),
        embeddings=joined("embeddings"),
    )
    return faces, sorted(skipped.values(), key=lambda file: file.path)


def _model_of(recognizer: "FaceRecognizer") -> FaceModel:
    made = recognizer.config
    detecting = f"{made.detector} {made.detector_model} {made.face_px_min} {made.limits}"
    embedding = f"{made.engine} {made.device} {made.precision} {made.flip}"
    embedder = recognizer.embedder
    return FaceModel(embedder.model_id, embedder.embedding_dim, f"{detecting} {embedding}")


def _shards(out: Path, model: FaceModel, config: DedupConfig) -> ShardFolder:
    told = f"{_VERSION} {model} {config.faces_a_photo_max} {config.limits}"
    return ShardFolder(out / f"faces-{sha256(told.encode()).hexdigest()[:8]}")


def _row(name: str, result: ImageResult) -> _Embedded:
    if result.error is not None:
        return _Embedded(name, reason=result.error.reason, message=str(result.error))
    boxes = [face.box for face in result.faces]
    return _Embedded(
        name,
        boxes=tuple((box.x0, box.y0, box.x1, box.y1) for box in boxes),
        scores=tuple(face.detection_score for face in result.faces),
        embeddings=tuple(face.embedding.astype(np.float16) for face in result.faces),
    )


def _packed(batch: list[_Embedded], model: FaceModel) -> Shard:
    boxes = [box for item in batch for box in item.boxes]
    scores = [score for item in batch for score in item.scores]
    embeddings = [embedding for item in batch for embedding in item.embeddings]
    return {
        "sha256": np.array([item.sha256 for item in batch], np.str_),
        "faces": np.array([len(item.boxes) for item in batch], np.int32),
        "reason": np.array([item.reason for item in batch], np.str_),
        "message": np.array([item.message for item in batch], np.str_),
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "scores": np.array(scores, np.float32),
        "embeddings": np.array(embeddings, np.float16).reshape(len(scores), model.embedding_dim),
    }
