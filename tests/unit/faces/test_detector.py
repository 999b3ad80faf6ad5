"""Choosing among the faces that were found."""

import numpy as np
import pytest

from facenet_res.core.errors import NoFace, SeveralFaces
from facenet_res.core.types import Box, Detection
from facenet_res.faces.detector import largest_first, most_central, the_only


def face(x0: float, y0: float, side: float) -> Detection:
    return Detection(Box(x0, y0, x0 + side, y0 + side), 0.9, np.zeros((5, 2), np.float32))


SMALL, MIDDLE, LARGE = face(0, 0, 10), face(45, 45, 20), face(100, 0, 40)


def test_largest_first_sorts_by_area() -> None:
    assert largest_first([SMALL, LARGE, MIDDLE]) == [LARGE, MIDDLE, SMALL]
    assert largest_first([]) == []


def test_the_only_face_is_the_one() -> None:
    assert the_only([SMALL]) is SMALL
    assert the_only([LARGE, SMALL], largest=True) is LARGE


def test_several_faces_are_refused_with_their_sizes() -> None:
    with pytest.raises(SeveralFaces, match=r"2 faces were found \(40 px, 10 px wide\)"):
        the_only([LARGE, SMALL])
    with pytest.raises(SeveralFaces, match=r"4 faces were found \(40 px, 20 px, 10 px, \.\.\."):
        the_only([LARGE, MIDDLE, SMALL, SMALL])


@pytest.mark.parametrize("largest", [True, False])
def test_no_face_is_refused(largest: bool) -> None:
    with pytest.raises(NoFace):
        the_only([], largest=largest)
    with pytest.raises(NoFace):
        most_central([], 100, 100)


def test_the_most_central_is_nearest_to_the_middle() -> None:
    assert most_central([LARGE, MIDDLE, SMALL], 110, 110) is MIDDLE
