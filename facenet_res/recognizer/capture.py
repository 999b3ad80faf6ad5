"""Which faces the calibration holds for: what is refused, and what lies outside of it."""

from dataclasses import replace

from facenet_res.core.errors import FaceQualityLow
from facenet_res.core.manifest import CaptureRange
from facenet_res.core.types import Face, Identification
from facenet_res.faces.image_faces import is_grey


def refusals(face: Face, capture: CaptureRange) -> tuple[str, ...]:
    """Why a face is not to be compared, in words; empty where it is."""
    measures = face.quality
    found = []
    # Written so that NaN, a measure that is not known, refuses nothing.
    if measures.eye_distance_px < capture.eye_distance_px_min:
        found.append(
            f"{measures.eye_distance_px:.1f} px between the eyes, the least is "
            f"{capture.eye_distance_px_min:g}: use an image in which the face is larger "
            "(eye_distance_px_min)"
        )
    if measures.sharpness < capture.sharpness_min:
        found.append(
            f"sharpness {measures.sharpness:.1f}, the least is {capture.sharpness_min:g}: use an "
            "image in focus (sharpness_min)"
        )
    return tuple(found)


def check_capture(face: Face, capture: CaptureRange, role: str) -> Face:
    """The face itself, if it may be compared.

    Raises:
        FaceQualityLow: it is too small or too blurred.
    """
    found = refusals(face, capture)
    if found:
        raise FaceQualityLow(f"the face of the {role} has {'; '.join(found)}")
    return face


def outside(face: Face, capture: CaptureRange) -> tuple[str, ...]:
    """In what a face differs from those that the pooled thresholds hold for, in words."""
    measures = face.quality
    found = []
    if measures.eye_distance_px < capture.eye_distance_px:
        found.append(
            f"{measures.eye_distance_px:.1f} px between the eyes, calibrated from "
            f"{capture.eye_distance_px:g} px"
        )
    if measures.sharpness < capture.sharpness:
        found.append(f"sharpness {measures.sharpness:.1f}, calibrated from {capture.sharpness:g}")
    if capture.is_colour and is_grey(face.crop):
        found.append("a grey image, calibrated on colour")
    return tuple(found)


def described(answer: Identification, capture: CaptureRange) -> Identification:
    """The answer with what is unusual of its face; one that may not be compared is unknown."""
    if answer.face is None:
        return answer
    refused = refusals(answer.face, capture)
    if refused:
        return replace(answer, person_id="", outside=refused)
    return replace(answer, outside=outside(answer.face, capture))
