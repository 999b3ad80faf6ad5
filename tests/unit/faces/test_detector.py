"""Choosing among the faces that were found."""

import numpy as np
import pytest

from facenet_res.core.errors import NoFace, SeveralFaces
from facenet_res.core.types import Box, Detection
from facenet_res.faces.detector import largest_first, most_central, only_face


def face(x0: float, y0: float, side: float) -> Detection:
    return Detection(Box(x0, y0, x0 + side, y0 + side), 0.9, np.zeros((5, 2), np.float32))


SMALL, MIDDLE, LARGE = face(0, 0, 10), face(45, 45, 20), face(100, 0, 40)


def test_largest_first_sorts_by_area() -> None:
    assert largest_first([SMALL, LARGE, MIDDLE]) == [LARGE, MIDDLE, SMALL]
    assert largest_first([]) == []


def test_only_face_face_is_the_one() -> None:
    assert only_face([SMALL]) is SMALL
    assert only_face([LARGE, SMALL], largest=True) is LARGE


def test_several_faces_are_refused_with_their_sizes() -> None:
    with pytest.raises(SeveralFaces, match=r"2 faces detected \(40, 10 px wide\)"):
        only_face([LARGE, SMALL])
    with pytest.raises(SeveralFaces, match=r"4 faces detected \(40, 20, 10, \.\.\."):
        only_face([LARGE, MIDDLE, SMALL, SMALL])


@pytest.mark.parametrize("largest", [True, False])
def test_no_face_is_refused(largest: bool) -> None:
    with pytest.raises(NoFace):
        only_face([], largest=largest)
    with pytest.raises(NoFace):
        most_central([], 100, 100)


def test_the_most_central_is_nearest_to_the_middle() -> None:
    assert most_central([LARGE, MIDDLE, SMALL], 110, 110) is MIDDLE
