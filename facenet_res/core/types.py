"""The values that travel between the rooms: boxes, detections, faces, matches.

All are frozen. Coordinates are pixels of the image as it stands after its EXIF
orientation was applied, x to the right, y down, the pixel's centre at .0.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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
        landmarks: float32[5, 2], x and y in pixels: the eye on the picture's left, the eye on
            its right, the nose, the mouth's corner on the picture's left, the one on its right.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFace:
    """A face that was found, aligned and embedded.

    Attributes:
        detection: where it is in the image.
        embedding: float32[D], of unit length.
        crop: uint8[112, 112, 3], the aligned face that the network saw.
    """

    detection: Detection
    embedding: NDArray[np.float32]
    crop: Image


@dataclass(frozen=True, slots=True)
class Match:
    """A person of the gallery who resembles the query.

    Attributes:
        person_id: the caller's name for the person.
        face_id: the person's face that is closest to the query.
        similarity: cosine in [-1, 1]; greater is closer.
    """

    person_id: str
    face_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer to "who is this?".

    Attributes:
        matches: the closest persons, best first, below the threshold too; at most the number
            asked for. Empty only where the gallery is empty.
        threshold: the least similarity that counts as the same person.
        person_id: the best match at or above the threshold; "" stands for unknown.
    """

    matches: tuple[Match, ...]
    threshold: float
    person_id: str = field(default="")

    @property
    def is_known(self) -> bool:
        """Whether somebody in the gallery reached the threshold."""
        return self.person_id != ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer to "is this the person they claim to be?".

    Attributes:
        similarity: cosine in [-1, 1] of the two faces, or of the closest of the person's faces.
        threshold: the least similarity that counts as the same person.
        false_accept_rate: the rate the threshold was measured for; 0 where the caller set the
            threshold directly.
    """

    similarity: float
    threshold: float
    false_accept_rate: float = 0.0

    @property
    def is_same(self) -> bool:
        """Whether the similarity reaches the threshold."""
        return self.similarity >= self.threshold
