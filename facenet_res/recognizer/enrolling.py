"""From an image to what is enrolled: one face, embedded and reviewed."""

from dataclasses import replace
from typing import Protocol

from facenet_res.core.errors import InputError
from facenet_res.core.face_id import face_id_of, source_of
from facenet_res.core.types import Face
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Enrollment
from facenet_res.recognizer.capture import check_capture
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.recognizer.review import Review, check_review
from facenet_res.recognizer.steps import AnyImage, embedded, of_image


class Enrolling(Protocol):
    """What a gallery of images is made of."""

    recognizer: FaceRecognizer
    embeddings: EmbeddingGallery
    review: Review


def reviewed_enrollment(
    gallery: Enrolling, template: Enrollment, role: str, image: AnyImage | Face, largest: bool
) -> tuple[Enrollment, tuple[str, ...]]:
    """The template with the face of an image, and what the review says about it.

    Raises:
        NoFace, SeveralFaces, FaceQualityLow: the image shows not exactly one usable face.
        SimilarToOtherPerson: it is another person's, and the review refuses that.
    """
    recognizer = gallery.recognizer
    if isinstance(image, Face):
        face, data = embedded(recognizer, role, image, largest=largest), None
    else:
        try:
            opened = recognizer.open_image(image)
            face, data = recognizer.embed_one(opened, largest=largest), opened.data
        except InputError as error:
            raise of_image(error, role, image) from error
    check_capture(face, recognizer.capture, role)
    said = check_review(gallery.embeddings, gallery.review, template.person_id, face, role)
    contents = data or face.crop.tobytes() or face.embedding.tobytes()
    enrollment = replace(
        template,
        embedding=face.embedding,
        face_id=template.face_id or face_id_of(template.person_id, contents),
        source=source_of(image),
    )
    return enrollment, said
