"""How good a picture of a face is: a few numbers, each with its unit, no verdict.

They are measured on landmarks and crop alone and cost microseconds. Which values are good enough
is for the caller to say.
"""

import math

import cv2
import numpy as np

from facenet_res.core.types import Detection, FaceQuality, Image


def measure_quality(detection: Detection, crop: Image) -> FaceQuality:
    """Measures a detected face.

    Args:
        detection: with landmarks in pixels of the photograph.
        crop: uint8[112, 112, 3], the aligned face.
    """
    left, right, nose = detection.landmarks[:3].astype(np.float64)
    across = right - left
    distance_px = float(np.hypot(*across))
    # A detector may put both eyes at one place: a distance of 0 says so.
    offset = float((nose - (left + right) / 2) @ across) / max(distance_px**2, 1e-6)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return FaceQuality(
        eye_distance_px=distance_px,
        roll_deg=math.degrees(math.atan2(across[1], across[0])),
        yaw_share=offset,
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
    )
