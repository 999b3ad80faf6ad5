"""Measures of a face against faces whose measures are known."""

import cv2
import numpy as np
import pytest

from facenet_res.core.types import Box, Detection
from facenet_res.faces.image_faces import measure_quality

POINTS = np.array([[40, 50], [80, 50], [60, 70], [45, 90], [75, 90]], np.float32)
CROP = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)


def face(points: np.ndarray) -> Detection:
    return Detection(Box(0, 0, 112, 112), 0.9, points.astype(np.float32))


def test_measures_a_frontal_face() -> None:
    quality = measure_quality(face(POINTS), CROP)
    assert quality.eye_distance_px == pytest.approx(40)
    assert quality.roll_deg == pytest.approx(0)
    assert quality.yaw_share == pytest.approx(0)


@pytest.mark.parametrize("angle_deg", [-120.0, -20, 35, 90])
def test_a_turned_head_shows_in_roll_alone(angle_deg: float) -> None:
    angle_rad = np.radians(angle_deg)
    turn = [[np.cos(angle_rad), np.sin(angle_rad)], [-np.sin(angle_rad), np.cos(angle_rad)]]
    quality = measure_quality(face(POINTS @ np.array(turn)), CROP)
    assert quality.roll_deg == pytest.approx(angle_deg, abs=1e-3)
    assert quality.yaw_share == pytest.approx(0, abs=1e-6)


def test_a_face_looking_aside_shows_in_the_nose() -> None:
    aside = POINTS.copy()
    aside[2, 0] += 16
    assert measure_quality(face(aside), CROP).yaw_share == pytest.approx(0.4)


def test_blur_lowers_sharpness() -> None:
    values = [
        measure_quality(face(POINTS), cv2.GaussianBlur(CROP, (0, 0), sigma)).sharpness
        for sigma in (0.5, 1, 3)
    ]
    assert values[0] > values[1] > values[2]
    assert measure_quality(face(POINTS), np.full_like(CROP, 80)).sharpness == 0


def test_eyes_at_one_place_have_a_distance_of_zero() -> None:
    assert measure_quality(face(np.zeros((5, 2))), CROP).eye_distance_px == 0
