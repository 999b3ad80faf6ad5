"""The detector protocol, and the choice among detected faces."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from facenet_res.core.errors import NoFace, SeveralFaces
from facenet_res.core.types import Detection, Face, Image

AnyFace = TypeVar("AnyFace", Detection, Face)


class Detector(Protocol):
    """Finds faces. Safe to call from several threads."""

    def detect(self, image: Image) -> list[Detection]:
        """All faces of an image, the largest first; an empty list if there is none.

        Args:
            image: uint8[H, W, 3], RGB, upright.

        Raises:
            ArrayInvalid: the image has another shape or type.
        """
        ...


def largest_first(detections: list[Detection]) -> list[Detection]:
    """The detections by falling area of their boxes."""
    return sorted(detections, key=lambda detection: -detection.box.area_px)


def only_face(faces: Sequence[AnyFace], *, largest: bool = False) -> AnyFace:
    """Returns the face of an image that should show one.

    Args:
        faces: largest first.
        largest: take the largest of several rather than raise.

    Raises:
        NoFace: there is none.
        SeveralFaces: there are several, and `largest` is False.
    """
    if not faces:
        raise NoFace("no face detected, one is required")
    if len(faces) > 1 and not largest:
        sizes = ", ".join(f"{face.box.width_px:.0f}" for face in faces[:3])
        more = ", ..." if len(faces) > 3 else ""
        raise SeveralFaces(
            f"{len(faces)} faces detected ({sizes}{more} px wide), one is required: crop the "
            "image, or use the largest face (--largest)"
        )
    return faces[0]


def most_central(detections: list[Detection], width_px: int, height_px: int) -> Detection:
    """The face nearest to the middle of the image: the subject of a centred portrait.

    Raises:
        NoFace: there is none.
    """
    if not detections:
        raise NoFace("no face was found, one is needed")

    def distance(detection: Detection) -> float:
        box = detection.box
        across, down = box.x0 + box.x1 - width_px, box.y0 + box.y1 - height_px
        return across * across + down * down

    return min(detections, key=distance)
