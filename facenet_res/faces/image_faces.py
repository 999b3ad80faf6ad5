"""From an image to aligned and measured faces, decoding no finer than the faces need.

The detector sees the smallest reduction of a JPEG (1/8, 1/4, 1/2) whose longer side is still what
it declares enough; a detector that declares nothing sees full size. A face is cropped from that
reduction where it is at least as fine as the crop, so that nothing is upsampled: 35 px and more
between the eyes. For a smaller face the image is decoded at full size, once.
"""

import math
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from facenet_res.core.types import Box, Detection, Face, FaceQuality, Image
from facenet_res.faces.align import align_face, alignment
from facenet_res.faces.detector import Detector
from facenet_res.imaging.lazy_image import LazyImage, ScaledImage

GREY_LEVELS_MAX = 3.0


@runtime_checkable
class TakesReductions(Protocol):
    """A detector that finds the same faces in a reduction of a large image."""

    @property
    def side_px_enough(self) -> int | None:
        """Longer side of a reduction that is large enough; None where only full size will do."""
        ...


def detect_faces(image: LazyImage, detector: Detector, faces_max: int) -> list[Face]:
    """Detects and aligns the largest faces of an image; they are not embedded.

    Args:
        image: decoded as far as is needed.
        detector: any.
        faces_max: how many of the largest are wanted, at least 1.

    Returns:
        Largest first, in pixels of the upright image at full size.

    Raises:
        ImageUnreadable: the file is damaged.
    """
    side_px = detector.side_px_enough if isinstance(detector, TakesReductions) else None
    scaled = image.reduced(side_px)
    return [_face(image, scaled, found) for found in detector.detect(scaled.pixels)[:faces_max]]


def _face(image: LazyImage, scaled: ScaledImage, found: Detection) -> Face:
    detection = _at_full_size(scaled, found)
    if scaled.shrink == 1 or _is_fine_enough(found):
        crop = align_face(scaled.pixels, found.landmarks)
    else:
        crop = align_face(image.whole.pixels, detection.landmarks)
    return Face(
        box=detection.box,
        landmarks=detection.landmarks,
        detection_score=detection.score,
        quality=measure_quality(detection, crop),
        crop=crop,
    )


def _is_fine_enough(detection: Detection) -> bool:
    """Whether a pixel of the crop shows at least a pixel of the reduction."""
    linear = alignment(detection.landmarks)[:, :2]
    return math.hypot(linear[0, 0], linear[1, 0]) <= 1


def _at_full_size(scaled: ScaledImage, detection: Detection) -> Detection:
    if scaled.shrink == 1:
        return detection
    box = detection.box
    # A box's sides lie between pixels: it is scaled about the corner of the first, not its centre.
    corners = np.array([(box.x0, box.y0), (box.x1, box.y1)]) * scaled.shrink + scaled.offset_px
    landmarks = scaled.to_full_size(detection.landmarks).astype(np.float32)
    return Detection(Box(*corners.ravel().tolist()), detection.score, landmarks)


def measure_quality(detection: Detection, crop: Image) -> FaceQuality:
    """Measures a detected face.

    Args:
        detection: with landmarks in pixels of the image.
        crop: uint8[112, 112, 3], the aligned face.
    """
    left, right, nose = detection.landmarks[:3].astype(np.float64)
    across = right - left
    distance_px = float(np.hypot(*across))
    # A detector may put both eyes at one place: a distance of 0 says so.
    offset = float((nose - (left + right) / 2) @ across) / max(distance_px**2, 1e-6)
    return FaceQuality(
        eye_distance_px=distance_px,
        roll_deg=math.degrees(math.atan2(across[1], across[0])),
        yaw_share=offset,
        sharpness=sharpness_of(crop),
    )


def sharpness_of(crop: Image) -> float:
    """The variance of the Laplacian of a crop's grey values; see `FaceQuality`."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def is_grey(crop: Image) -> bool:
    """Whether a crop has no colour: a grey image, or one tinted by less than 3 levels."""
    if crop.size == 0:
        return False
    green = crop[..., 1:2].astype(np.int16)
    return float(np.abs(crop[..., [0, 2]] - green).mean()) < GREY_LEVELS_MAX
