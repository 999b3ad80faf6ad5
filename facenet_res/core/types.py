"""The values that travel between the rooms: boxes, detections, faces, matches.

All are frozen. Coordinates are pixels of the image as it stands after its EXIF
orientation was applied, x to the right, y down, the pixel's centre at .0.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import InputError

Image = NDArray[np.uint8]
"""uint8[H, W, 3], RGB."""

Faces = NDArray[np.uint8]
"""uint8[B, 112, 112, 3], RGB, aligned to the ArcFace template."""

Embeddings = NDArray[np.float32]
"""float32[B, D], each row of unit length."""

FACE_SIDE_PX = 112


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; x1 and y1 are exclusive. It may reach beyond the image."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width_px(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height_px(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def area_px(self) -> float:
        """Area in square pixels; 0 for an empty box."""
        return max(0.0, self.width_px) * max(0.0, self.height_px)

    def iou(self, other: "Box") -> float:
        """Intersection over union with another box, in [0, 1]."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        shared = max(0.0, width) * max(0.0, height)
        union = self.area_px + other.area_px - shared
        return shared / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face found in an image.

    Attributes:
        box: around the face, in pixels.
        score: the detector's confidence, in [0, 1].
        landmarks: float32[5, 2], x and y in pixels: the eye on the image's left, the eye on
            its right, the nose, the mouth's corner on the image's left, the one on its right.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Measures of one face, each a number with a unit; which are good enough is for the caller.

    Attributes:
        eye_distance_px: between the eyes, in the image. The crop has 35 px: below that it is
            upsampled.
        roll_deg: rotation in the image plane, in (-180, 180]; positive where the right eye in the
            image is lower.
        yaw_share: offset of the nose from the middle of the eyes along their line, as a share of
            their distance; 0 is frontal, beyond 0.5 the face is in profile. Not an angle: that
            depends on the length of the nose.
        sharpness: variance of the Laplacian of the grey crop, in squared grey levels. Grows with
            focus, and with noise.
    """

    eye_distance_px: float
    roll_deg: float
    yaw_share: float
    sharpness: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face: where it is, how good it is, its aligned crop and its embedding.

    Attributes:
        box: around the face, in pixels of the upright image.
        landmarks: float32[5, 2]; see `Detection`.
        detection_score: the detector's confidence, in [0, 1].
        quality: measures of the face.
        crop: uint8[112, 112, 3] RGB, aligned; uint8[0, 0, 3] where a server left it out.
        embedding: float32[D] of unit length; float32[0] after `detect`, which does not embed.
        model_id: of the weights that embedded it; "" where that is not known.
    """

    box: Box
    landmarks: NDArray[np.float32]
    detection_score: float
    quality: FaceQuality
    # Arrays are left out of the representation: it is for reading.
    crop: Image = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8), repr=False)
    embedding: NDArray[np.float32] = field(
        default_factory=lambda: np.empty(0, np.float32), repr=False
    )
    model_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult:
    """What became of one image of many.

    Attributes:
        source: the path as it was given; "" for bytes and arrays.
        faces: largest first; empty where the image holds none, or failed.
        width_px: of the upright image; 0 where it failed or a server did not say.
        height_px: likewise.
        error: why the image could not be used; None where it was.
    """

    source: str
    faces: tuple[Face, ...] = ()
    width_px: int = 0
    height_px: int = 0
    error: InputError | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer to "is this the same person?" (1:1).

    Attributes:
        score: cosine in [-1, 1] of the two faces, or to the closest of the person's faces.
        threshold: least score that counts as a match.
        fmr: false match rate that the threshold is calibrated for; None where the caller set the
            threshold.
        probe: the face that was verified, without crop and embedding where a server answered.
        reference: the other image's face; None for a person of a gallery.
        outside: in what the faces differ from those that the threshold was calibrated on, in
            words; the rate of false matches may then be a multiple of `fmr`. Empty where they do
            not, and where a server answered.
    """

    score: float
    threshold: float
    fmr: float | None = None
    probe: Face | None = None
    reference: Face | None = None
    outside: tuple[str, ...] = ()

    @property
    def is_match(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= self.threshold


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person of the gallery who resembles the probe.

    Attributes:
        person_id: the person.
        face_id: the person's face that is closest to the probe.
        score: cosine in [-1, 1]; greater is closer.
    """

    person_id: str
    face_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer to "who is this?" (1:N).

    Attributes:
        candidates: the closest people, best first, below the threshold too; at most the number
            asked for. Empty only where the gallery is empty.
        threshold: least score that counts as a match.
        person_id: the best candidate at or above the threshold; "" stands for unknown.
        fmr: false match rate of one comparison that the threshold is calibrated for, or None.
        fpir: false positive identification rate that it is calibrated for, or None.
        face: the probe; None where embeddings were given.
        second_score: score of the second-best person; -1 where there is none.
        outside: see `Verification`; a face that is too small or too blurred to be compared is
            unknown, and this states why.
    """

    candidates: tuple[Candidate, ...]
    threshold: float
    person_id: str = ""
    fmr: float | None = None
    fpir: float | None = None
    face: Face | None = None
    second_score: float = -1.0
    outside: tuple[str, ...] = ()

    @property
    def margin(self) -> float:
        """How much better the best candidate is than the second-best person."""
        return self.score - self.second_score

    @property
    def is_known(self) -> bool:
        """Whether somebody in the gallery reached the threshold."""
        return self.person_id != ""

    @property
    def score(self) -> float:
        """Score of the best candidate; -1 where the gallery is empty."""
        return self.candidates[0].score if self.candidates else -1.0
