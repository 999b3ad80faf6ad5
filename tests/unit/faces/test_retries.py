"""Each way to look again finds what it is for, and maps it back to where it is."""

from collections.abc import Callable

import numpy as np
import pytest

from facenet_res.core.types import Box, Detection, Image
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.faces.retries import ATTEMPTS, Attempt, RetryingDetector
from tests.fakes import FakeDetector, face_at
from tests.portraits import portrait

# Each landmark is a square of its own colour.
COLOURS = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0], [0, 250, 250]])
POINTS = np.array([[100, 80], [150, 84], [124, 110], [105, 140], [146, 141]], np.float32)


class Marks:
    """Finds the coloured squares, in images that a condition admits."""

    def __init__(self, admits: Callable[[Image], bool], score: float = 0.99) -> None:
        self._admits = admits
        self._score = score
        self.calls = 0

    def detect(self, image: Image) -> list[Detection]:
        """See Detector."""
        self.calls += 1
        if not self._admits(image):
            return []
        points = []
        for colour in COLOURS:
            rows, columns = np.nonzero(np.abs(image.astype(int) - colour).sum(axis=2) < 90)
            points.append((columns.mean(), rows.mean()))
        landmarks = np.array(points, np.float32)
        low, high = landmarks.min(axis=0) - 10, landmarks.max(axis=0) + 10
        return [Detection(Box(*low.tolist(), *high.tolist()), self._score, landmarks)]


def marked() -> Image:
    image = np.full((200, 260, 3), 128, np.uint8)
    for colour, (x, y) in zip(COLOURS, POINTS.astype(int), strict=True):
        image[y - 7 : y + 8, x - 7 : x + 8] = colour
    return image


@pytest.mark.parametrize("attempt", ATTEMPTS[1:], ids=lambda each: each.name)
def test_what_an_attempt_finds_is_mapped_back(attempt: Attempt) -> None:
    image = marked()
    detector = Marks(lambda seen: seen.shape != image.shape or bool((seen != image).any()))
    (found,), how = RetryingDetector(detector, 0.95, (attempt,)).detect_how(image)
    assert how == attempt.name
    np.testing.assert_allclose(found.landmarks, POINTS, atol=0.8)
    assert found.box.iou(Box(90, 70, 160, 151)) > 0.6


def test_contrast_is_stretched_to_the_whole_range() -> None:
    dim = (portrait("astronaut") // 12 + 20).astype(np.uint8)
    changed = ATTEMPTS[0].change(dim)
    assert changed is not None
    assert (dim.max(), int(changed[0].min()) < 10, int(changed[0].max()) > 245) == (41, True, True)
    assert ATTEMPTS[0].change(np.full((50, 50, 3), 9, np.uint8)) is None


def test_an_image_with_a_face_is_searched_once() -> None:
    detector = Marks(lambda _: True)
    assert len(RetryingDetector(detector, 0.95).detect(marked())) == 1
    assert detector.calls == 1


def test_an_unsure_face_counts_at_first_and_not_in_a_changed_image() -> None:
    assert len(RetryingDetector(Marks(lambda _: True, 0.92), 0.95).detect(marked())) == 1
    image = marked()
    unsure = Marks(lambda seen: seen.shape != image.shape, 0.92)
    assert RetryingDetector(unsure, 0.95).detect(image) == []
    assert unsure.calls == 1 + len(ATTEMPTS)


def test_the_best_face_of_all_attempts_is_taken() -> None:
    image = marked()

    class Sideways(Marks):
        def detect(self, image: Image) -> list[Detection]:
            self._score = 0.999 if image.shape[0] > image.shape[1] else 0.96
            return super().detect(image)

    found, how = RetryingDetector(
        Sideways(lambda seen: seen.shape != image.shape), 0.95
    ).detect_how(image)
    assert how == "90 degrees"
    assert found[0].score == 0.999


def test_one_eye_is_no_face() -> None:
    whole = face_at(40, 40, 100)
    beyond = face_at(-45, 40, 100)  # Its left eye lies beyond the edge.
    together = face_at(40, 40, 100)
    together.landmarks[1] = together.landmarks[0] + 5
    image = np.zeros((200, 200, 3), np.uint8)
    without_mouth = face_at(40, 125, 100)
    at_the_edge = face_at(-35, 40, 100)
    faces = [whole, beyond, together, without_mouth, at_the_edge]
    kept = RetryingDetector(FakeDetector(faces), 0.95, ()).detect(image)
    assert kept == [whole, at_the_edge]


@pytest.mark.parametrize("quarters", [1, 3])
def test_a_portrait_on_its_side_is_found_with_its_eyes_in_order(quarters: int) -> None:
    upright = portrait("grace_hopper")
    detector = RetryingDetector(MtcnnDetector(), 0.95)
    (expected,) = detector.detect(upright)
    (found,) = detector.detect(np.ascontiguousarray(np.rot90(upright, quarters)))
    across = found.landmarks[1] - found.landmarks[0]
    roll_deg = np.degrees(np.arctan2(across[1], across[0]))
    wanted = -90.0 * quarters
    assert abs((roll_deg - wanted + 180) % 360 - 180) < 10
    assert found.score > 0.95
    assert (
        abs(np.hypot(*across) / np.hypot(*(expected.landmarks[1] - expected.landmarks[0])) - 1)
        < 0.1
    )
