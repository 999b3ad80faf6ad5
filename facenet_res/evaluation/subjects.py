"""From the images of a test set to embeddings of their subjects, with a recognizer's detector.

An image of a test set shows one *subject*, with other people behind now and then. An image without
a detected face is not left out, which would flatter the figure: the middle of the image stands in
for the face, and it is counted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import DataInvalid, InputError
from facenet_res.core.ordered import ordered_map
from facenet_res.core.types import FACE_SIDE_PX, Embeddings, Face, Faces, Image
from facenet_res.evaluation.image_source import ImageSource
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.imaging.warp import resize

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

OnProgress = Callable[[int], None]
BATCH_MAX = 32
OFFSET_WEIGHT = 2.0
MIDDLE_SHARE = 0.54
"""Side of the stand-in crop as a share of the image's shorter side. In LFW's funneled 250 px
images it frames a face about as the alignment template does."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedSubjects:
    """The subject of each image.

    Attributes:
        embeddings: float32[B, D], in the order of the names.
        without_face: names of the images where the middle stood in for the face.
        with_several_faces: how many images showed more than one face.
    """

    embeddings: Embeddings
    without_face: tuple[str, ...] = ()
    with_several_faces: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AlignedSubjects:
    """The aligned subject of each image, for several networks to embed.

    Attributes:
        crops: uint8[B, 112, 112, 3], in the order of the names; 38 kB each.
        without_face: see `EmbeddedSubjects`.
        with_several_faces: likewise.
    """

    crops: Faces
    without_face: tuple[str, ...]
    with_several_faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The aligned face of an image's subject.

    Attributes:
        crop: uint8[112, 112, 3].
        faces: detected faces; 0 where the middle of the image stands in.
    """

    crop: Image
    faces: int


def embed_subjects(
    source: ImageSource,
    names: Sequence[str],
    recognizer: "FaceRecognizer",
    *,
    workers: int = 2,
    on_progress: OnProgress | None = None,
) -> EmbeddedSubjects:
    """Detects, aligns and embeds the subject of each image.

    Args:
        source: where the images are.
        names: which of them, in the order wanted.
        recognizer: whether it adds the mirrored face is its own matter.
        workers: images in detection at once.
        on_progress: called after each batch with the number of images done.

    Raises:
        DataInvalid: an image is damaged or too large; the message names it. A test set with
            holes has no comparable figure, so this ends the work.
        FileMissing: an image is not there.
        ArgumentInvalid: workers is out of range.
    """
    counts: list[int] = []

    def crops() -> Iterator[Image]:
        for subject in _subjects(source, names, recognizer, workers):
            counts.append(subject.faces)
            yield subject.crop

    rows = embed_batches(crops(), recognizer.embedder, on_progress)
    return EmbeddedSubjects(rows, *_noted(names, counts))


def align_subjects(
    source: ImageSource,
    names: Sequence[str],
    recognizer: "FaceRecognizer",
    *,
    workers: int = 2,
    on_progress: OnProgress | None = None,
) -> AlignedSubjects:
    """Detects and aligns the subject of each image; see `embed_subjects`."""
    crops = np.empty((len(names), FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
    counts: list[int] = []
    for subject in _subjects(source, names, recognizer, workers):
        crops[len(counts)] = subject.crop
        counts.append(subject.faces)
        if on_progress is not None:
            on_progress(len(counts))
    return AlignedSubjects(crops, *_noted(names, counts))


def embed_crops(
    source: ImageSource,
    names: Sequence[str],
    embedder: Embedder,
    on_progress: OnProgress | None = None,
) -> Embeddings:
    """Embeds images that are aligned faces of 112x112 px already: float32[B, D].

    Raises:
        DataInvalid: an image is damaged or of another size; the message names it.
        FileMissing: an image is not there.
    """
    crops = (read_crop(source.read(name), name) for name in names)
    return embed_batches(crops, embedder, on_progress)


def embed_batches(
    crops: Iterable[Image], embedder: Embedder, on_progress: OnProgress | None = None
) -> Embeddings:
    """Embeds any number of aligned crops, 32 at a time: float32[B, D].

    Args:
        crops: uint8[112, 112, 3] each.
        embedder: embeds them.
        on_progress: called after each batch with the number of crops done.
    """
    rows: list[Embeddings] = []
    left, done = iter(crops), 0
    while batch := list(islice(left, BATCH_MAX)):
        rows.append(embedder.embed(np.stack(batch)))
        done += len(batch)
        if on_progress is not None:
            on_progress(done)
    return np.concatenate(rows) if rows else np.empty((0, embedder.embedding_dim), np.float32)


def read_crop(data: bytes, name: str) -> Image:
    """Decodes an aligned face: uint8[112, 112, 3].

    Raises:
        DataInvalid: it is damaged or of another size; the message has the name.
    """
    try:
        image = decode_image(data)
    except InputError as error:
        raise DataInvalid(f"{name}: {error}") from error
    if image.shape[:2] != (FACE_SIDE_PX, FACE_SIDE_PX):
        raise DataInvalid(
            f"{name} is {image.shape[1]}x{image.shape[0]} px, an aligned face is "
            f"{FACE_SIDE_PX}x{FACE_SIDE_PX} px"
        )
    return image


def subject_in(image: LazyImage, faces: Sequence[Face]) -> Subject:
    """The aligned face of the subject, or the middle of an image without a face."""
    if not faces:
        return Subject(_middle(image.whole.pixels), faces=0)
    width_px, height_px = image.size_px
    return Subject(subject_of(faces, width_px=width_px, height_px=height_px).crop, len(faces))


def subject_of(faces: Sequence[Face], *, width_px: int, height_px: int) -> Face:
    """The face that the image is of: large and near the middle.

    The greatest of: area of the box minus twice the squared distance of its centre from the
    image's centre, both in square pixels.

    Args:
        faces: at least one.
        width_px: of the image.
        height_px: of the image.

    Source:
        The rule of `align_dataset_mtcnn` in davidsandberg/facenet, which made the LFW figures
        of many published models.
    """

    def centrality(face: Face) -> float:
        box = face.box
        offset_x = (box.x0 + box.x1) / 2 - width_px / 2
        offset_y = (box.y0 + box.y1) / 2 - height_px / 2
        return box.area_px - OFFSET_WEIGHT * (offset_x**2 + offset_y**2)

    return max(faces, key=centrality)


def _middle(image: Image) -> Image:
    height_px, width_px = image.shape[:2]
    side_px = max(1, round(MIDDLE_SHARE * min(height_px, width_px)))
    top, left = (height_px - side_px) // 2, (width_px - side_px) // 2
    square = image[top : top + side_px, left : left + side_px]
    return resize(square, FACE_SIDE_PX, FACE_SIDE_PX)


def _subjects(
    source: ImageSource, names: Sequence[str], recognizer: "FaceRecognizer", workers: int
) -> Iterator[Subject]:
    work = partial(_subject, source, recognizer)
    return ordered_map(work, names, workers=workers, name="evaluation")


def _subject(source: ImageSource, recognizer: "FaceRecognizer", name: str) -> Subject:
    data = source.read(name)
    try:
        image = recognizer.open_image(data)
        return subject_in(image, recognizer.detect(image))
    except InputError as error:
        raise DataInvalid(f"{name}: {error}") from error


def _noted(names: Sequence[str], counts: list[int]) -> tuple[tuple[str, ...], int]:
    """The images without a face, and how many have several."""
    without_face = tuple(name for name, faces in zip(names, counts, strict=True) if faces == 0)
    return without_face, sum(faces > 1 for faces in counts)
