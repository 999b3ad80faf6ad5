"""The faces of an output folder: one row for each image, model and setting that was ever read.

The embeddings of people are personal data: the output folder holds them until it is deleted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from facenet_res.core.errors import FileMissing, InputError
from facenet_res.core.types import Box, Face, Image
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.stage_files import Parts, read_lines, told_apart, write_lines
from facenet_res.dedup.types import PhotoFaces, SkippedFile
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

_VERSION: Final = 3
_MODEL_FILE: Final = "faces_model.jsonl"
_QUALITY: Final = 78
# How much around a face a thumbnail shows, as a share of its box.
_AROUND: Final = 0.35
_SCHEMA: Final = pa.schema(
    {
        "sha256": pa.string(),
        "reason": pa.string(),
        "message": pa.string(),
        "boxes": pa.binary(),
        "scores": pa.binary(),
        "quality": pa.binary(),
        "embeddings": pa.binary(),
        "thumbnails": pa.list_(pa.binary()),
    }
)


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


class Detected(Protocol):
    """One image with its faces detected, or its error."""

    @property
    def sha256(self) -> str:
        """Names it."""
        ...

    @property
    def faces(self) -> Sequence[Face] | None:
        """Largest first; not embedded."""
        ...

    @property
    def thumbnails(self) -> Sequence[bytes]:
        """One JPEG for each face."""
        ...

    @property
    def error(self) -> InputError | None:
        """Why it could not be read."""
        ...


NO_MODEL: Final = FaceModel("", 0)


class FaceTable:
    """The rows of one model and its settings. For one writer."""

    def __init__(self, out: Path, config: DedupConfig, model: FaceModel) -> None:
        self.model = model
        told = f"{_VERSION} {model} {config.faces_a_photo_max} {config.limits}"
        key = sha256(told.encode()).hexdigest()[:8]
        self._parts = Parts(out / f"faces-{key}", _SCHEMA)

    @classmethod
    def of(cls, out: Path, config: DedupConfig, recognizer: "FaceRecognizer") -> "FaceTable":
        """The rows that this recognizer makes."""
        made, embedder = recognizer.config, recognizer.embedder
        detecting = (
            f"{made.detector} {made.detector_model} {made.face_px_min} {made.retries} {made.limits}"
        )
        settings = f"{detecting} {made.engine} {made.device} {made.precision} {made.flip}"
        return cls(out, config, FaceModel(embedder.model_id, embedder.embedding_dim, settings))

    def settled(self) -> set[str]:
        """SHA-256 of the images that need not be read again; what was away does."""
        return self._parts.settled(FileMissing.reason)

    def append(self, batch: Sequence[Detected], recognizer: "FaceRecognizer") -> None:
        """Embeds the faces of several images together, and adds the images' rows.

        Raises:
            DiskFull: they could not be written.
        """
        if not batch:
            return
        crops = [face.crop for each in batch for face in each.faces or ()]
        width = self.model.embedding_dim
        embedded = recognizer.embed_aligned(np.stack(crops)) if crops else np.zeros((0, width))
        halves, start = embedded.astype(np.float16), 0
        records = []
        for each in batch:
            end = start + len(each.faces or ())
            records.append(_record(each, halves[start:end]))
            start = end
        self._parts.append(records)

    def read(self) -> pa.Table:
        """All rows; of an image that was read twice the last one counts."""
        return self._parts.read()


def write_model(out: Path, table: FaceTable | None) -> None:
    """Notes whose faces the later stages read; None for a run that looks for copies only."""
    write_lines(out / _MODEL_FILE, [asdict(NO_MODEL if table is None else table.model)])


def read_model(out: Path) -> FaceModel:
    """The model of the faces that `read_faces` reads.

    Raises:
        FileMissing: the read stage has not run.
    """
    return next(FaceModel(**record) for record in read_lines(out / _MODEL_FILE))


def read_faces(
    out: Path, config: DedupConfig, paths: dict[str, str]
) -> tuple[PhotoFaces, list[SkippedFile]]:
    """The faces of the images, in their order, and the images that could not be read.

    Args:
        out: the output folder.
        config: of the run that made them.
        paths: SHA-256 to first path; what else was ever embedded is left out.

    Raises:
        FileMissing: the read stage has not run.
    """
    model = read_model(out)
    table = FaceTable(out, config, model).read() if model.model_id else _SCHEMA.empty_table()
    rows, skipped = told_apart(table, paths)
    taken = table.take(pa.array(rows, pa.int64()))
    scores = _joined(taken, "scores", np.float32)
    counts = [len(cell or b"") // 4 for cell in taken["scores"].to_pylist()]
    names = taken["sha256"].to_pylist()
    faces = PhotoFaces(
        sha256=tuple(np.repeat(np.array(names, object), counts).tolist()),
        boxes=_joined(taken, "boxes", np.float32).reshape(-1, 4),
        scores=scores,
        quality=_joined(taken, "quality", np.float32).reshape(-1, 4),
        embeddings=_joined(taken, "embeddings", np.float16).reshape(-1, model.embedding_dim or 1),
    )
    return faces, sorted(skipped, key=lambda file: file.path)


def read_face_thumbnails(
    out: Path, config: DedupConfig, wanted: set[str]
) -> Iterator[tuple[str, bytes]]:
    """Yields the JPEG of each face that is named "SHA256-NUMBER", as far as it is there."""
    model = read_model(out)
    table = FaceTable(out, config, model).read() if model.model_id else _SCHEMA.empty_table()
    images = {name.rpartition("-")[0] for name in wanted}
    rows = {name: row for row, name in enumerate(table["sha256"].to_pylist()) if name in images}
    for image, row in sorted(rows.items()):
        for number, thumbnail in enumerate(table["thumbnails"][row].as_py() or ()):
            if f"{image}-{number}" in wanted:
                yield f"{image}-{number}", thumbnail


def face_thumbnail(image: Image, box: Box, side_px: int) -> bytes:
    """A JPEG of a face with a little around it."""
    height_px, width_px = image.shape[:2]
    half = max(box.width_px, box.height_px) * (0.5 + _AROUND)
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    crop = image[top : max(top + 1, round(y + half)), left : max(left + 1, round(x + half))]
    crop = crop if crop.size else image
    height_px, width_px = crop.shape[:2]
    ratio = min(1.0, side_px / max(height_px, width_px))
    small = resize(crop, max(1, round(width_px * ratio)), max(1, round(height_px * ratio)))
    return encode_jpeg(small, _QUALITY)


def _joined(table: pa.Table, name: str, kind: Any) -> NDArray[Any]:
    return np.frombuffer(b"".join(cell or b"" for cell in table[name].to_pylist()), kind)


def _record(each: Detected, embeddings: NDArray[np.float16]) -> dict[str, Any]:
    if each.error is not None:
        error = each.error
        return {"sha256": each.sha256, "reason": error.reason, "message": str(error)}
    faces = each.faces or ()
    boxes = [(f.box.x0, f.box.y0, f.box.x1, f.box.y1) for f in faces]
    measures = [f.quality for f in faces]
    quality = [(q.eye_distance_px, q.roll_deg, q.yaw_share, q.sharpness) for q in measures]
    return {
        "sha256": each.sha256,
        "reason": "",
        "message": "",
        "boxes": np.array(boxes, np.float32).tobytes(),
        "scores": np.array([face.detection_score for face in faces], np.float32).tobytes(),
        "quality": np.array(quality, np.float32).tobytes(),
        "embeddings": embeddings.tobytes(),
        "thumbnails": list(each.thumbnails),
    }
