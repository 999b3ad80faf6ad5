"""From an image file to aligned faces, decoding no finer than the faces need.

The rule. The detector looks at the smallest copy of a JPEG (1/8, 1/4, 1/2) whose longer side is
still what the detector says is enough for it; a detector that says nothing gets the whole. A face
is cut out of that copy where the copy is at least as fine as the crop, so that nothing is blown
up: 35 px and more between the eyes. For any smaller face the photograph is decoded whole, once.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from facenet_res.core.types import FACE_SIDE_PX, Box, Detection, Faces
from facenet_res.faces.align import align_face, alignment
from facenet_res.faces.detector import Detector
from facenet_res.imaging.lazy_image import LazyImage, ScaledImage


@runtime_checkable
class TakesCopies(Protocol):
    """A detector that finds the same faces in a smaller copy of a large photograph."""

    @property
    def side_px_enough(self) -> int | None:
        """Longer side of a copy that is large enough; None where only the whole will do."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFaces:
    """The faces of a photograph.

    Attributes:
        detections: largest first, in pixels of the whole photograph, upright.
        crops: uint8[B, 112, 112, 3] RGB, in the same order.
    """

    detections: tuple[Detection, ...]
    crops: Faces


def find_faces(image: LazyImage, detector: Detector, faces_max: int) -> AlignedFaces:
    """Finds and aligns the largest faces of an image.

    Args:
        image: decoded as far as is needed.
        detector: any.
        faces_max: how many of the largest are wanted, at least 1.

    Raises:
        ImageUnreadable: the file is damaged.
    """
    side_px = detector.side_px_enough if isinstance(detector, TakesCopies) else None
    scaled = image.reduced(side_px)
    found = detector.detect(scaled.pixels)[:faces_max]
    detections = tuple(_to_full_size(scaled, detection) for detection in found)
    crops = np.empty((len(found), FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
    for crop, near, far in zip(crops, found, detections, strict=True):
        if scaled.shrink == 1 or _is_fine_enough(near):
            crop[:] = align_face(scaled.pixels, near.landmarks)
        else:
            crop[:] = align_face(image.whole.pixels, far.landmarks)
    return AlignedFaces(detections, crops)


def _is_fine_enough(detection: Detection) -> bool:
    """Whether a pixel of the crop shows at least a pixel of the scaled image."""
    linear = alignment(detection.landmarks)[:, :2]
    return math.hypot(linear[0, 0], linear[1, 0]) <= 1


def _to_full_size(scaled: ScaledImage, detection: Detection) -> Detection:
    if scaled.shrink == 1:
        return detection
    box = detection.box
    # A box's sides lie between pixels: it is scaled about the corner of the first, not its centre.
    corners = np.array([(box.x0, box.y0), (box.x1, box.y1)]) * scaled.shrink + scaled.offset_px
    landmarks = scaled.to_full_size(detection.landmarks).astype(np.float32)
    return Detection(Box(*corners.ravel().tolist()), detection.score, landmarks)
