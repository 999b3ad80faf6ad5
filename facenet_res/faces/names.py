"""Names of the detectors; imports nothing, so that a command line can list them at once."""

from typing import Final

DETECTOR_DEFAULT: Final = "mtcnn"
DETECTORS: Final = (DETECTOR_DEFAULT, "yunet")

FACE_PX_RANGE: Final = (12, 10_000)
"""Range of the smallest face that mtcnn looks for, in pixels; the first is a cell of P-Net."""
