"""Faces of one image, as batches and as pairs: the steps that the recognizer's methods share."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from facenet_res.core.arrays import check_embeddings, cosine
from facenet_res.core.errors import ArgumentInvalid, InputError, ModelMismatch
from facenet_res.core.files import given_path
from facenet_res.core.image_files import image_files
from facenet_res.core.manifest import CaptureRange
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.core.types import (
    Embeddings,
    Face,
    Faces,
    ImageResult,
    Verification,
)
from facenet_res.imaging.lazy_image import ImageSource, LazyImage
from facenet_res.recognizer.capture import check_capture, outside

if TYPE_CHECKING:
    from facenet_res.recognizer.recognizer import FaceRecognizer

AnyImage = ImageSource | LazyImage
"""A path, the bytes of an image file, uint8[H, W, 3] RGB, or an image that is open already."""


def check_faces_max(faces_max: int | None) -> int | None:
    """The number itself, if it is None or at least 1.

    Raises:
        ArgumentInvalid: it is below 1.
    """
    if faces_max is not None and (not isinstance(faces_max, int | np.integer) or faces_max < 1):
        raise ArgumentInvalid(f"faces_max must be a whole number of at least 1, got {faces_max!r}")
    return faces_max


def several_images(images: object) -> Iterable[Any]:
    """The images that `embed_many` is given: a folder's, or the items of an iterable.

    Raises:
        FileMissing: there is no such folder.
        ArgumentInvalid: one image, or something else that is not several.
    """
    if isinstance(images, str | os.PathLike):
        return image_files(given_path(images, "images"))
    is_one = isinstance(images, bytes | bytearray | memoryview) or (
        isinstance(images, np.ndarray) and images.ndim != 4
    )
    if isinstance(images, Iterable) and not is_one:
        return images
    raise ArgumentInvalid(
        f"images must be a folder or an iterable of images, got {type(images).__name__}; "
        "pass one image as [image]"
    )


def embed_image(
    recognizer: "FaceRecognizer", image: AnyImage, *, faces_max: int | None
) -> ImageResult:
    """Embeds one image of many: its faces, or its error."""
    source = os.fspath(image) if isinstance(image, str | os.PathLike) else ""
    try:
        opened = recognizer.open_image(image)
        faces = recognizer.embed(opened, faces_max=faces_max)
    except InputError as error:
        return ImageResult(source, error=error)
    return ImageResult(source, tuple(faces), *opened.size_px)


def embedded(
    recognizer: "FaceRecognizer", role: str, image: AnyImage | Face, *, largest: bool
) -> Face:
    """The embedded face of an image that should show one; a face that is embedded is itself.

    Raises:
        NoFace, SeveralFaces: the image does not; the message says which image.
        ArgumentInvalid: the face was not embedded by this recognizer's model.
    """
    if isinstance(image, Face):
        if np.size(image.embedding) == 0:
            raise ArgumentInvalid(f"the {role} is not embedded by this model; call embed")
        if image.model_id not in {"", recognizer.embedder.model_id}:
            raise ModelMismatch(
                f"the {role} is embedded by model {image.model_id!r}, this recognizer is "
                f"{recognizer.embedder.model_id!r}"
            )
        check_embeddings(np.asarray(image.embedding)[None], recognizer.embedder.embedding_dim)
        return image
    try:
        return recognizer.embed_one(image, largest=largest)
    except InputError as error:
        raise of_image(error, f"the {role} image", image) from error


def of_image(error: InputError, role: str, image: object) -> InputError:
    """The error with the image that it is about: its path, or else the part that it plays."""
    name = os.fsdecode(image) if isinstance(image, str | os.PathLike) else role
    # Some messages name the path already; it is stated once.
    return error if name in str(error) else type(error)(f"{name}: {error}")


def stacked(faces: Sequence[Face]) -> Faces:
    """The crops of faces as one batch, uint8[B, 112, 112, 3]."""
    return np.stack([face.crop for face in faces])


def with_embeddings(
    faces: Iterable[Face], embeddings: Embeddings, model_id: str = ""
) -> list[Face]:
    """Joins faces with their embeddings, float32[B, D], in the same order."""
    return [
        replace(face, embedding=embedding, model_id=model_id)
        for face, embedding in zip(faces, embeddings, strict=True)
    ]


def compare(
    probe: Face, reference: Face, point: OperatingPoint, capture: CaptureRange
) -> Verification:
    """Compares two embedded faces at an operating point.

    Args:
        probe: a face.
        reference: another.
        point: that decides.
        capture: the faces that may be compared, and that the threshold holds for.

    Raises:
        FaceQualityLow: a face is too small or too blurred.
    """
    check_capture(probe, capture, "probe")
    check_capture(reference, capture, "reference")
    score = float(cosine(probe.embedding[None], reference.embedding[None])[0])
    found = tuple(
        f"{role}: {each}"
        for role, face in (("probe", probe), ("reference", reference))
        for each in outside(face, capture)
    )
    return Verification(score, point.threshold, point.fmr, probe, reference, found)
