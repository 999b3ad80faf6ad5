"""From photographs to embeddings by our own detection and alignment.

A photograph of a test set shows one *subject*, with other people behind them now and then. A
photograph without a detected face is not left out, which would flatter the figure: the middle
of the picture stands in for the face, and it is counted.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArgumentInvalid, DataInvalid, InputError
from facenet_res.core.types import FACE_SIDE_PX, Detection, Embeddings, Faces, Image
from facenet_res.evaluation.image_source import ImageSource
from facenet_res.faces.align import align_face
from facenet_res.faces.detector import Detector
from facenet_res.imaging.decode import ImageLimits, decode_image
from facenet_res.imaging.warp import resize

OFFSET_WEIGHT = 2.0
MIDDLE_SHARE = 0.54
"""Side of the stand-in crop as a share of the picture's shorter side. In LFW's funneled 250 px
pictures it frames a face about as the alignment template does."""


@dataclass(frozen=True, slots=True)
class PhotographConfig:
    """How photographs are worked through.

    Attributes:
        batch_max: faces for one call of the embedder.
        workers: photographs in detection at once.
    """

    batch_max: int = 32
    workers: int = 2

    def __post_init__(self) -> None:
        if self.batch_max < 1 or self.workers < 1:
            raise ArgumentInvalid(f"batch_max and workers must be at least 1, got {self}")


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedPhotographs:
    """The subject of each photograph.

    Attributes:
        embeddings: float32[B, D], in the order of the names asked for.
        without_face: names of the photographs where the middle stood in for the face.
        with_several_faces: how many photographs showed more than one face.
    """

    embeddings: Embeddings
    without_face: tuple[str, ...]
    with_several_faces: int


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPhotographs:
    """The aligned subject of each photograph, for several networks to embed.

    Attributes:
        crops: uint8[B, 112, 112, 3], in the order of the names asked for; 38 kB each.
        without_face: see `EmbeddedPhotographs`.
        with_several_faces: likewise.
    """

    crops: Faces
    without_face: tuple[str, ...]
    with_several_faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The aligned face of a photograph's subject.

    Attributes:
        crop: uint8[112, 112, 3].
        faces: faces found; 0 where the middle of the picture stands in.
    """

    crop: Image
    faces: int


def embed_photographs(
    source: ImageSource,
    names: Sequence[str],
    detector: Detector,
    embedder: Embedder,
    *,
    config: PhotographConfig | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> EmbeddedPhotographs:
    """Finds, aligns and embeds the subject of each photograph.

    Args:
        source: where the photographs are.
        names: which of them, in the order wanted.
        detector: finds the faces.
        embedder: embeds them; whether it adds the mirrored face is its own matter.
        config: batch and workers.
        on_progress: told after each batch how many photographs are done.

    Raises:
        DataInvalid: a photograph is damaged or too large; the message names it. A test set with
            holes has no comparable figure, so this ends the work.
        FileMissing: a photograph is not there.
    """
    config = config or PhotographConfig()
    rows: list[Embeddings] = []
    crops: list[Image] = []
    counts: list[int] = []
    for subject in _subjects(source, names, detector, config.workers):
        crops.append(subject.crop)
        counts.append(subject.faces)
        done = len(counts)
        if len(crops) == config.batch_max or done == len(names):
            rows.append(embedder.embed(np.stack(crops)))
            crops.clear()
            if on_progress is not None:
                on_progress(done)
    embeddings = np.concatenate(rows) if rows else np.empty((0, embedder.embedding_dim), np.float32)
    return EmbeddedPhotographs(embeddings, *_noted(names, counts))


def align_photographs(
    source: ImageSource,
    names: Sequence[str],
    detector: Detector,
    *,
    workers: int = 2,
    on_progress: Callable[[int], None] | None = None,
) -> AlignedPhotographs:
    """Finds and aligns the subject of each photograph, as `embed_photographs` does.

    Raises:
        DataInvalid: a photograph is damaged or too large; the message names it.
        FileMissing: a photograph is not there.
    """
    crops = np.empty((len(names), FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
    counts: list[int] = []
    for subject in _subjects(source, names, detector, workers):
        crops[len(counts)] = subject.crop
        counts.append(subject.faces)
        if on_progress is not None:
            on_progress(len(counts))
    return AlignedPhotographs(crops, *_noted(names, counts))


def embed_crops(
    source: ImageSource,
    names: Sequence[str],
    embedder: Embedder,
    *,
    batch_max: int = 32,
    on_progress: Callable[[int], None] | None = None,
) -> Embeddings:
    """Embeds pictures that are aligned faces of 112x112 px already: float32[B, D].

    Raises:
        DataInvalid: a picture is damaged or of another size; the message names it.
        FileMissing: a picture is not there.
    """
    rows: list[Embeddings] = []
    for start in range(0, len(names), batch_max):
        part = names[start : start + batch_max]
        rows.append(embedder.embed(np.stack([_read_crop(source, name) for name in part])))
        if on_progress is not None:
            on_progress(start + len(part))
    return np.concatenate(rows) if rows else np.empty((0, embedder.embedding_dim), np.float32)


def find_subject(image: Image, detector: Detector) -> Subject:
    """The aligned face of the subject, or the middle of a picture without a face."""
    detections = detector.detect(image)
    if not detections:
        return Subject(_middle(image), faces=0)
    chosen = subject_of(detections, width_px=image.shape[1], height_px=image.shape[0])
    return Subject(align_face(image, chosen.landmarks), faces=len(detections))


def subject_of(detections: Sequence[Detection], *, width_px: int, height_px: int) -> Detection:
    """The face that the photograph is of: large and near the middle.

    The greatest of: area of the box minus twice the squared distance of its centre from the
    picture's centre, both in square pixels.

    Args:
        detections: at least one.
        width_px: of the picture.
        height_px: of the picture.

    Source:
        The rule of `align_dataset_mtcnn` in davidsandberg/facenet, which made the LFW figures
        of many published models.
    """

    def centrality(detection: Detection) -> float:
        box = detection.box
        offset_x = (box.x0 + box.x1) / 2 - width_px / 2
        offset_y = (box.y0 + box.y1) / 2 - height_px / 2
        return box.area_px - OFFSET_WEIGHT * (offset_x**2 + offset_y**2)

    return max(detections, key=centrality)


def _read_crop(source: ImageSource, name: str) -> Image:
    image = _decoded(source, name, ImageLimits())
    if image.shape[:2] != (FACE_SIDE_PX, FACE_SIDE_PX):
        raise DataInvalid(
            f"{name} is {image.shape[1]}x{image.shape[0]} px, an aligned face is "
            f"{FACE_SIDE_PX}x{FACE_SIDE_PX}"
        )
    return image


def _decoded(source: ImageSource, name: str, limits: ImageLimits) -> Image:
    data = source.read(name)
    try:
        return decode_image(data, limits)
    except InputError as error:
        raise DataInvalid(f"{name}: {error}") from error


def _middle(image: Image) -> Image:
    height_px, width_px = image.shape[:2]
    side_px = max(1, round(MIDDLE_SHARE * min(height_px, width_px)))
    top, left = (height_px - side_px) // 2, (width_px - side_px) // 2
    square = image[top : top + side_px, left : left + side_px]
    return resize(square, FACE_SIDE_PX, FACE_SIDE_PX)


def _subjects(
    source: ImageSource, names: Sequence[str], detector: Detector, workers: int
) -> Iterator[Subject]:
    limits = ImageLimits()

    def subject_in(name: str) -> Subject:
        return find_subject(_decoded(source, name, limits), detector)

    return _in_order(subject_in, names, workers)


def _noted(names: Sequence[str], counts: list[int]) -> tuple[tuple[str, ...], int]:
    """The photographs without a face, and how many have several."""
    without_face = tuple(name for name, faces in zip(names, counts, strict=True) if faces == 0)
    return without_face, sum(faces > 1 for faces in counts)


def _in_order(
    task: Callable[[str], Subject], names: Sequence[str], workers: int
) -> Iterator[Subject]:
    """Results in the order of the names, with at most 4 photographs a worker in memory."""
    waiting: deque[Future[Subject]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="photograph") as pool:
        try:
            for name in names:
                waiting.append(pool.submit(task, name))
                if len(waiting) >= 4 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
