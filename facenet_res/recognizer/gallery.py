"""A gallery that takes images: people are enrolled, verified and identified by image.

with recognizer.open_gallery("staff", create=True) as gallery:
    gallery.enroll("ada", ["1.jpg", "2.jpg"], display_name="Ada Lovelace")
    for hit in gallery.identify("party.jpg"):
        print(hit.person_id or "unknown", hit.score, hit.face.box)
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

import numpy as np

from facenet_res.core.errors import ArgumentInvalid, GalleryExists
from facenet_res.core.face_id import face_id_of, source_of
from facenet_res.core.operating_point import OperatingPoint
from facenet_res.core.types import Face, Identification, Verification
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.gallery_people import LIMITS
from facenet_res.gallery.opening import Place
from facenet_res.gallery.types import (
    Counts,
    DeletionReceipt,
    EnrolledFace,
    Enrollment,
    GalleryInfo,
    Person,
)
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.recognizer.capture import check_capture, described, outside
from facenet_res.recognizer.enrolling import reviewed_enrollment
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.recognizer.review import NO_REVIEW, Review, check_review
from facenet_res.recognizer.steps import AnyImage, embedded

K_DEFAULT = 5
_NONE = np.empty(0, np.float32)


class Gallery:
    """People and their faces, in a folder or a database; opened by `FaceRecognizer.open_gallery`.

    Safe to call from several threads. Images are accepted as by `FaceRecognizer`, whose errors
    each method that takes one raises. An embedded `Face` is accepted in place of an image.
    """

    def __init__(
        self,
        recognizer: FaceRecognizer,
        embeddings: EmbeddingGallery,
        review: Review = NO_REVIEW,
    ) -> None:
        """Joins a recognizer with an open gallery of its embeddings; closes the latter.

        `review` says what is looked at before a face is enrolled; it may be replaced at any time.
        """
        self.recognizer = recognizer
        self.embeddings = embeddings
        self.review = review

    @classmethod
    def open(cls, recognizer: FaceRecognizer, place: Place, *, create: bool = False) -> "Gallery":
        """See `FaceRecognizer.open_gallery`."""
        manifest = recognizer.manifest
        fmr_max = max((each.fmr for each in manifest.thresholds), default=None)

        def threshold_at(fmr: float) -> float:
            # Beyond the calibrated range the strictest known threshold is still strict enough.
            return recognizer.operating_point(fmr=min(fmr, fmr_max or fmr)).threshold

        embedder = recognizer.embedder
        model: dict[str, Any] = {"model_id": embedder.model_id}
        model["embedding_dim"] = embedder.embedding_dim
        model["threshold_at_fmr"] = None if fmr_max is None else threshold_at
        if create:
            with suppress(GalleryExists):
                return cls(recognizer, EmbeddingGallery.create(place, **model))
        return cls(recognizer, EmbeddingGallery.open(place, **model))

    @property
    def info(self) -> GalleryInfo:
        """Model id, dimension and time of creation."""
        return self.embeddings.info

    def enroll(
        self,
        person_id: str,
        images: AnyImage | Face | Sequence[AnyImage | Face],
        *,
        display_name: str = "",
        metadata: Mapping[str, str] | None = None,
        largest: bool = False,
        face_id: str = "",
    ) -> list[EnrolledFace]:
        """Enrols a person by one or more images: all of them or, where it raises, none.

        The same image of the same person again changes nothing. On the disk when this returns.

        Args:
            person_id: of the person, who is created if new.
            images: each shows one face.
            display_name: replaces the stored one; "" keeps it.
            metadata: replaces the stored entries; None keeps them.
            largest: take the largest of several faces rather than raise.
            face_id: of the one face that is enrolled; "" derives it from person and image.

        Raises:
            NoFace, SeveralFaces, FaceQualityLow: an image shows not exactly one usable face.
            SimilarToOtherPerson: a face is another person's, and the review refuses that.
            FaceExists, ArgumentInvalid, DiskFull: see `EmbeddingGallery.enroll_many`.
        """
        LIMITS.check_id("person_id", person_id)
        several = images if isinstance(images, list | tuple) else [images]
        if not several:
            raise ArgumentInvalid("images is empty: pass one or more")
        template = Enrollment(
            person_id=person_id,
            embedding=_NONE,
            name=display_name,
            metadata=metadata or {},
            face_id=face_id or None,
        )
        reviewed = [
            reviewed_enrollment(self, template, f"image {number}", image, largest)
            for number, image in enumerate(several, start=1)
        ]
        stored = self.embeddings.enroll_many([enrollment for enrollment, _ in reviewed])
        return [
            replace(face, warnings=said) for face, (_, said) in zip(stored, reviewed, strict=True)
        ]

    def enroll_face(
        self,
        person_id: str,
        face: Face,
        *,
        image: LazyImage | None = None,
        source: object = "",
        display_name: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> EnrolledFace:
        """Enrols an embedded face; see `enroll`.

        Args:
            person_id: of the person, who is created if new.
            face: embedded by this recognizer.
            image: that it is of: the same image again changes nothing.
            source: path of the image, whose name is kept as a note.
            display_name: see `enroll`.
            metadata: see `enroll`.
        """
        data = None if image is None else image.data
        check_capture(face, self.recognizer.capture, role := "person to enrol")
        said = check_review(self.embeddings, self.review, person_id, face, role)
        stored = self.embeddings.enroll(
            person_id,
            face.embedding,
            name=display_name,
            metadata=metadata,
            face_id=face_id_of(person_id, data) if data else None,
            source=source_of(source),
        )
        return replace(stored, warnings=said)

    def identify(
        self,
        image: AnyImage,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
        k: int = K_DEFAULT,
        faces_max: int | None = None,
    ) -> list[Identification]:
        """Identifies every face of an image (1:N).

        Args:
            image: any number of faces.
            fpir: share of people not enrolled that may be named; 1 % where nothing is given. Its
                threshold comes from the gallery's own impostor scores, and grows with it.
            fmr: or the false match rate of one comparison.
            threshold: or the least score that counts as a match, in [-1, 1].
            k: most candidates for each face.
            faces_max: see `FaceRecognizer.detect`.

        Returns:
            One answer for each face, largest face first.
        """
        point = self.operating_point(fpir=fpir, fmr=fmr, threshold=threshold)
        return self.identify_faces(self.recognizer.embed(image, faces_max=faces_max), point, k)

    def operating_point(
        self,
        *,
        fpir: float | None = None,
        fmr: float | None = None,
        threshold: float | None = None,
    ) -> OperatingPoint:
        """The threshold of an identification: by FPIR, 1 % by default, or by FMR, or itself.

        Raises:
            CalibrationUnsupported: the gallery is too small for the FPIR, the model uncalibrated.
            ArgumentInvalid: more than one is given, or one is out of range.
        """
        if fpir is not None or (fmr is None and threshold is None):
            return self.embeddings.operating_point(fpir=fpir, fmr=fmr, threshold=threshold)
        return self.recognizer.operating_point(fmr=fmr, threshold=threshold)

    def identify_faces(
        self, faces: Sequence[Face], point: OperatingPoint, k: int = K_DEFAULT
    ) -> list[Identification]:
        """Identifies embedded faces at an operating point."""
        if not faces:
            return []
        capture = self.recognizer.capture
        probes = np.stack([face.embedding for face in faces])
        answers = self.embeddings.identify(probes, threshold=point.threshold, k=k)
        return [
            described(replace(answer, face=face, fmr=point.fmr, fpir=point.fpir), capture)
            for face, answer in zip(faces, answers, strict=True)
        ]

    def verify(
        self,
        person_id: str,
        image: AnyImage | Face,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        largest: bool = False,
    ) -> Verification:
        """Compares an image with a person (1:1), by the closest of the person's faces.

        Args:
            person_id: of the person.
            image: shows one face.
            fmr: false match rate to accept; the recognizer's default where None.
            threshold: or the least score that counts as a match, in [-1, 1].
            largest: take the largest of several faces rather than raise.

        Raises:
            UnknownPerson: the gallery has no such person.
            UnknownFace: the person has no face left.
            NoFace, SeveralFaces, FaceQualityLow: the image shows not exactly one usable face.
        """
        point = self.recognizer.operating_point(fmr=fmr, threshold=threshold)
        return self.verify_face(
            person_id, embedded(self.recognizer, "probe", image, largest=largest), point
        )

    def verify_face(self, person_id: str, face: Face, point: OperatingPoint) -> Verification:
        """Compares an embedded face with a person at an operating point; see `verify`."""
        capture = self.recognizer.capture
        check_capture(face, capture, "probe")
        answer = self.embeddings.verify(
            person_id, face.embedding, threshold=point.threshold, fmr=point.fmr
        )
        return replace(answer, probe=face, outside=outside(face, capture))

    def people(self) -> Iterator[Person]:
        """Everybody, by the order of ids."""
        page_size, after = 500, ""
        while page := self.embeddings.people(page_size, after):
            yield from page
            after = page[-1].person_id

    def person(self, person_id: str) -> Person:
        """One person with all faces; raises UnknownPerson where there is none."""
        return self.embeddings.person(person_id)

    def delete_person(self, person_id: str) -> DeletionReceipt:
        """Deletes a person with all faces; see `EmbeddingGallery.delete_person`."""
        return self.embeddings.delete_person(person_id)

    def delete_face(self, face_id: str) -> DeletionReceipt:
        """Deletes one face; see `EmbeddingGallery.delete_face`."""
        return self.embeddings.delete_face(face_id)

    def counts(self) -> Counts:
        """How many people and faces it holds."""
        return self.embeddings.counts()

    def close(self) -> None:
        """Closes the gallery; the recognizer stays open."""
        self.embeddings.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
