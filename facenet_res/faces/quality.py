"""How good a picture of a face is: a few numbers, each with its unit, no verdict.

They are measured on landmarks and crop alone and cost microseconds. Which values are good enough
is for the caller to say.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from facenet_res.core.errors import ArrayInvalid
from facenet_res.core.types import Detection, Image


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Measures of one face.

    Attributes:
        eye_distance_px: between the eyes, in the photograph. The crop has 35 px: with less there,
            the crop is a blown-up picture.
        roll_deg: turn in the picture's plane, in (-180, 180]; positive where the eye on the
            right is lower.
        yaw_share: how far the nose is off the middle of the eyes along their line, as a share of
            their distance; 0 is frontal, beyond 0.5 the face looks aside. No angle: that depends
            on the length of the nose.
        sharpness: variance of the Laplacian of the grey crop, in squared grey levels. Grows with
            focus, and with noise.
    """

    eye_distance_px: float
    roll_deg: float
    yaw_share: float
    sharpness: float


def measure_quality(detection: Detection, crop: Image) -> FaceQuality:
    """Measures a detected face.

    Args:
        detection: with landmarks in pixels of the photograph.
        crop: uint8[112, 112, 3], the aligned face.

    Raises:
        ArrayInvalid: the eyes coincide.
    """
    left, right, nose = detection.landmarks[:3].astype(np.float64)
    across = right - left
    distance_px = float(np.hypot(*across))
    if not distance_px > 0:
        raise ArrayInvalid(f"both eyes lie at {left.tolist()}")
    offset = float((nose - (left + right) / 2) @ across) / distance_px**2
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return FaceQuality(
        eye_distance_px=distance_px,
        roll_deg=math.degrees(math.atan2(across[1], across[0])),
        yaw_share=offset,
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
    )
