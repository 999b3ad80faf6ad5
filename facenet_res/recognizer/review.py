"""What is looked at before a face is enrolled: its quality, and whether it is somebody else's."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import cv2

from facenet_res.core.errors import (
    CalibrationUnsupported,
    ConfigInvalid,
    FaceQualityLow,
    SimilarToOtherPerson,
)
from facenet_res.core.types import Face
from facenet_res.gallery.gallery import EmbeddingGallery

Policy = Literal["off", "warn", "refuse"]
NOSE_SHARE = 0.5
"""How far the tip of the nose stands out, as a share of the distance between the eyes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Limits for faces to enrol, and what follows where one is not kept.

    Attributes:
        quality: what follows a face outside one of the limits below.
        similar: what follows a face that identification would give to another person.
        eye_distance_px_min: between the eyes, in pixels of the image; the crop has 35.
        sharpness_min: variance of the Laplacian, in squared grey levels.
        roll_deg_max: rotation in the image plane, in degrees.
        yaw_deg_max: turn to the side, in degrees, estimated from nose and eyes.
        brightness_min: mean grey level of the crop, 0 to 255; likewise its upper limit:
        brightness_max: see above.
        detection_score_min: the detector's confidence, in [0, 1].

    Raises:
        ConfigInvalid: a policy is unknown, or a limit is not a number.
    """

    quality: Policy = "off"
    similar: Policy = "off"
    eye_distance_px_min: float = 35.0
    sharpness_min: float = 20.0
    roll_deg_max: float = 30.0
    yaw_deg_max: float = 35.0
    brightness_min: float = 40.0
    brightness_max: float = 220.0
    detection_score_min: float = 0.9

    def __post_init__(self) -> None:
        for name in ("quality", "similar"):
            if getattr(self, name) not in get_args(Policy):
                raise ConfigInvalid(
                    f"{name} must be one of {get_args(Policy)}, got {getattr(self, name)!r}"
                )
        for name in self.__slots__[2:]:
            if not math.isfinite(getattr(self, name)):
                raise ConfigInvalid(f"{name} must be a number, got {getattr(self, name)!r}")


NO_REVIEW = Review()
WARN = Review(quality="warn", similar="warn")
STRICT = Review(quality="refuse", similar="refuse")


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a face should not be enrolled.

    Attributes:
        reason: FACE_SMALL, FACE_BLURRED, FACE_ROLLED, FACE_TURNED, FACE_DARK, FACE_BRIGHT,
            FACE_UNCERTAIN or SIMILAR_TO_OTHER_PERSON.
        value: what was measured.
        limit: what it should have been at least or at most.
        unit: of both.
        person_id: whom the face resembles; "" where it is about quality.
    """

    reason: str
    value: float
    limit: float
    unit: str
    person_id: str = ""

    def __str__(self) -> str:
        of_whom = f" with {self.person_id}" if self.person_id else ""
        return f"{self.reason}: {self.value:.4g} {self.unit}{of_whom}, limit {self.limit:.4g}"


def check_review(
    gallery: EmbeddingGallery, review: Review, person_id: str, face: Face, role: str
) -> tuple[str, ...]:
    """What is to be said about a face to enrol; empty where nothing is.

    Args:
        gallery: that it is to be enrolled in.
        review: limits and policies.
        person_id: whose face it is said to be.
        face: with embedding and crop.
        role: of the image, for the message.

    Raises:
        FaceQualityLow, SimilarToOtherPerson: it is refused.
    """
    found: list[Finding] = []
    if review.quality != "off":
        found += quality_findings(face, review)
        if found and review.quality == "refuse":
            raise FaceQualityLow(f"the face of the {role}: {'; '.join(map(str, found))}")
    if review.similar != "off":
        similar = similar_findings(gallery, person_id, face)
        if similar and review.similar == "refuse":
            raise SimilarToOtherPerson(
                f"the face of the {role}: {'; '.join(map(str, similar))}; enrol it under that "
                "person, or without strict review"
            )
        found += similar
    return tuple(map(str, found))


def quality_findings(face: Face, review: Review) -> list[Finding]:
    """Which limits a face does not keep. A measure that is not known keeps each."""
    measures = face.quality
    yaw_deg = math.degrees(math.atan(abs(measures.yaw_share) / NOSE_SHARE))
    found = [
        (
            measures.eye_distance_px < review.eye_distance_px_min,
            Finding("FACE_SMALL", measures.eye_distance_px, review.eye_distance_px_min, "px"),
        ),
        (
            measures.sharpness < review.sharpness_min,
            Finding("FACE_BLURRED", measures.sharpness, review.sharpness_min, "squared levels"),
        ),
        (
            abs(measures.roll_deg) > review.roll_deg_max,
            Finding("FACE_ROLLED", abs(measures.roll_deg), review.roll_deg_max, "degrees"),
        ),
        (
            yaw_deg > review.yaw_deg_max,
            Finding("FACE_TURNED", yaw_deg, review.yaw_deg_max, "degrees"),
        ),
        (
            face.detection_score < review.detection_score_min,
            Finding(
                "FACE_UNCERTAIN", face.detection_score, review.detection_score_min, "confidence"
            ),
        ),
    ]
    if face.crop.size:
        level = float(cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY).mean())
        dark = Finding("FACE_DARK", level, review.brightness_min, "grey levels")
        bright = Finding("FACE_BRIGHT", level, review.brightness_max, "grey levels")
        found.append((level < review.brightness_min, dark))
        found.append((level > review.brightness_max, bright))
    return [finding for is_outside, finding in found if is_outside]


def similar_findings(gallery: EmbeddingGallery, person_id: str, face: Face) -> list[Finding]:
    """The other people whom identification at an FPIR of 1 % would take the face for."""
    if not gallery.counts().faces:
        return []
    try:
        threshold = gallery.operating_point().threshold
    except CalibrationUnsupported:
        # Too few people, and a model without calibration: nobody can say who resembles whom.
        return []
    (people,) = gallery.similar_people(face.embedding[None], threshold, except_for=person_id)
    return [
        Finding("SIMILAR_TO_OTHER_PERSON", one.score, threshold, "similarity", one.person_id)
        for one in people
    ]
