"""What a face detector does for us, and the choice among the faces it finds."""

from typing import Protocol

from facenet_res.core.errors import NoFace, SeveralFaces
from facenet_res.core.types import Detection, Image


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


def the_only(detections: list[Detection], *, largest: bool = False) -> Detection:
    """The face that is meant, where one is meant.

    Args:
        detections: largest first, as a detector returns them.
        largest: take the largest where there are several.

    Raises:
        NoFace: there is none.
        SeveralFaces: there are several, and `largest` was not asked for.
    """
    if not detections:
        raise NoFace("no face was found, one is needed")
    if len(detections) > 1 and not largest:
        sizes = ", ".join(f"{face.box.width_px:.0f} px" for face in detections[:3])
        more = ", ..." if len(detections) > 3 else ""
        raise SeveralFaces(
            f"{len(detections)} faces were found ({sizes}{more} wide), one is meant; crop the "
            "photograph or ask for the largest"
        )
    return detections[0]


def most_central(detections: list[Detection], width_px: int, height_px: int) -> Detection:
    """The face nearest to the middle of the picture: the subject of a centred photograph.

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
