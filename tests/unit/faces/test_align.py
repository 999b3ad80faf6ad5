"""Alignment undoes how a face lies in its photograph."""

import cv2
import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, ArrayInvalid
from facenet_res.core.types import Box, Detection
from facenet_res.faces.align import align_face, align_faces, alignment
from facenet_res.imaging.geometry import transform_points

# The template of ArcFace for 112x112 px, typed a second time.
TEMPLATE = np.array(
    [
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ],
    np.float32,
)
PATTERN = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8), (0, 0), 4
)


def test_a_face_that_lies_at_the_template_stays_as_it_is() -> None:
    np.testing.assert_allclose(alignment(TEMPLATE), [[1, 0, 0], [0, 1, 0]], atol=1e-5)
    np.testing.assert_array_equal(align_face(PATTERN, TEMPLATE), PATTERN)


@pytest.mark.parametrize("angle_deg", [0, 30, 90, -135])
@pytest.mark.parametrize("scale", [0.8, 3.0, 7.0])
def test_turn_scale_and_shift_are_undone(angle_deg: float, scale: float) -> None:
    # Given a crop laid somewhere into a photograph.
    turn = cv2.getRotationMatrix2D((56, 56), angle_deg, scale)
    turn[:, 2] += 600
    photograph = cv2.warpAffine(PATTERN, turn, (1300, 1300), flags=cv2.INTER_CUBIC)
    landmarks = transform_points(turn, TEMPLATE).astype(np.float32)
    # When aligned.
    crop = align_face(photograph, landmarks)
    # Then it is the crop again, but for its edge and what resampling loses.
    difference = np.abs(crop.astype(int) - PATTERN)[3:-3, 3:-3]
    assert difference.mean() < 2.5


def test_a_larger_crop_shows_the_same() -> None:
    large = align_face(PATTERN, TEMPLATE, side_px=224)
    assert large.shape == (224, 224, 3)
    reduced = cv2.resize(large, (112, 112), interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - PATTERN)[2:-2, 2:-2].mean() < 1


def test_beyond_the_photograph_is_black() -> None:
    assert (align_face(PATTERN, TEMPLATE + 500) == 0).all()


def test_crops_come_in_the_order_of_the_faces() -> None:
    faces = [
        Detection(Box(0, 0, 1, 1), 0.9, TEMPLATE),
        Detection(Box(0, 0, 1, 1), 0.9, TEMPLATE + 5),
    ]
    crops = align_faces(PATTERN, faces)
    assert crops.shape == (2, 112, 112, 3)
    np.testing.assert_array_equal(crops[0], PATTERN)
    np.testing.assert_array_equal(crops[1, :-6, :-6], PATTERN[5:-1, 5:-1])
    assert align_faces(PATTERN, []).shape == (0, 112, 112, 3)


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (TEMPLATE[:4], r"float32\[5, 2\]; got \[4, 2\]"),
        (np.zeros((5, 2), np.float32), "all 5 source points"),
        (np.full((5, 2), np.inf, np.float32), "not finite"),
    ],
)
def test_refuses_landmarks_without_a_place(landmarks: np.ndarray, message: str) -> None:
    with pytest.raises(ArrayInvalid, match=message):
        align_face(PATTERN, landmarks)


def test_refuses_a_crop_without_pixels() -> None:
    with pytest.raises(ArgumentInvalid, match="got 0"):
        align_face(PATTERN, TEMPLATE, side_px=0)
