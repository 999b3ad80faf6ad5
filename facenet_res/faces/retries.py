"""A detector that looks again, otherwise, at an image in which it found no face.

Dark images, tight crops, very small or large faces and images that lie on their side are missed by
detectors of upright faces. Each attempt changes the image in one way; the one with the best face is
taken, and what it found is mapped back. The first to find something would not do: a face on its
side is sometimes found upright, with its mouth at an eye. A face must score higher than at first,
since every attempt is one more chance for a false detection. Images with a face cost nothing more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from facenet_res.core.types import Box, Detection, Image
from facenet_res.faces.detector import Detector, largest_first
from facenet_res.imaging.geometry import Transform, transform_points
from facenet_res.imaging.warp import resize

SCORES_MIN: Final = {"mtcnn": 0.95, "yunet": 0.8}
"""Least score of a face that only a changed image shows, by detector."""
SIDE_PX: Final = 448
"""Longer side, above which a changed image is reduced first."""
DOUBLED_SIDE_PX_MAX: Final = 320
"""Longer side of an image that is worth enlarging."""
PADDING_SHARE: Final = 0.25
"""Of the shorter side, added around the image."""
EYES_SHARE_MIN: Final = 0.15
"""Least distance between the eyes, as a share of the box's width."""
BEYOND_SHARE_MAX: Final = 0.1
"""How far beyond the image's edge a landmark still counts as in it, in distances of the eyes."""
GREY: Final = 128
STRETCHED_PERCENT: Final = (1.0, 99.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to look again.

    Attributes:
        name: for tables.
        change: the changed image, and the map of its pixels to those of the image; None where it
            would be the same search again.
    """

    name: str
    change: Callable[[Image], tuple[Image, Transform] | None]


class RetryingDetector:
    """Another detector, made to look again where it finds nothing. As safe for threads as that."""

    def __init__(
        self, detector: Detector, score_min: float, attempts: tuple[Attempt, ...] | None = None
    ) -> None:
        """Joins a detector with the attempts, all of them where None.

        Args:
            detector: any.
            score_min: least score of a face that only a changed image shows.
            attempts: in the order of trial; of equal scores the first counts.
        """
        self._detector = detector
        self._score_min = score_min
        self._attempts = ATTEMPTS if attempts is None else attempts

    @property
    def side_px_enough(self) -> int | None:
        """See `MtcnnDetector`."""
        return getattr(self._detector, "side_px_enough", None)

    def detect(self, image: Image) -> list[Detection]:
        """See `Detector`; faces of which the image shows one eye only are no detections."""
        return self.detect_how(image)[0]

    def detect_how(self, image: Image) -> tuple[list[Detection], str]:
        """The faces, and the name of the attempt that found them; "" for the plain image."""
        found = with_both_eyes(self._detector.detect(image), image)
        if found:
            return found, ""
        reduced, to_image = _reduced(image)
        best, how = self._score_min, ""
        for attempt in self._attempts:
            changed = attempt.change(reduced)
            if changed is None:
                continue
            pixels, back = changed
            mapped = [
                _mapped(each, _chained(to_image, back))
                for each in self._detector.detect(pixels)
                if each.score >= self._score_min
            ]
            whole = with_both_eyes(mapped, image)
            score = max((each.score for each in whole), default=0.0)
            if score > best or (whole and not how):
                best, how, found = score, attempt.name, largest_first(whole)
        return found, how


def with_both_eyes(detections: list[Detection], image: Image) -> list[Detection]:
    """The detections whose eyes lie apart and in the image, and at most one other landmark beyond.

    A crop of one eye is taken for a face whose other eye lies beyond the image's edge or at the
    same place, or whose mouth does.
    """
    height_px, width_px = image.shape[:2]
    return [each for each in detections if _has_both_eyes(each, width_px, height_px)]


def _has_both_eyes(detection: Detection, width_px: int, height_px: int) -> bool:
    points = detection.landmarks
    apart_px = float(np.hypot(*(points[1] - points[0])))
    edge = np.array([width_px, height_px]) - 0.5
    beyond_px = np.maximum(-0.5 - points, points - edge).max(axis=1)
    is_beyond = beyond_px > BEYOND_SHARE_MAX * apart_px
    is_apart = apart_px >= EYES_SHARE_MIN * detection.box.width_px
    return is_apart and not is_beyond[:2].any() and int(is_beyond.sum()) < 2


def _stretched(image: Image) -> tuple[Image, Transform] | None:
    """Contrast stretched to the whole range, locally equalised."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    low, high = np.percentile(lab[..., 0], STRETCHED_PERCENT)
    if high <= low:
        return None
    levels = np.clip((np.arange(256) - low) / (high - low), 0, 1) * 255
    lab[..., 0] = levels.astype(np.uint8)[lab[..., 0]]
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8), _scaling(1.0)


def _padded(image: Image) -> tuple[Image, Transform] | None:
    """A grey border around the image, for faces that its edges cut."""
    border_px = round(PADDING_SHARE * min(image.shape[:2]))
    around = ((border_px, border_px), (border_px, border_px), (0, 0))
    back = _scaling(1.0)
    back[:, 2] = -border_px
    return np.pad(image, around, constant_values=GREY), back


def _halved(image: Image) -> tuple[Image, Transform] | None:
    return _resized(image, 0.5)


def _doubled(image: Image) -> tuple[Image, Transform] | None:
    return _resized(image, 2.0) if max(image.shape[:2]) < DOUBLED_SIDE_PX_MAX else None


def _turned(quarters: int) -> Callable[[Image], tuple[Image, Transform] | None]:
    def change(image: Image) -> tuple[Image, Transform] | None:
        height_px, width_px = image.shape[:2]
        # np.rot90 turns to the left: a quarter puts (x, y) at (y, width - 1 - x).
        backs: dict[int, list[list[float]]] = {
            1: [[0, -1, width_px - 1], [1, 0, 0]],
            2: [[-1, 0, width_px - 1], [0, -1, height_px - 1]],
            3: [[0, 1, 0], [-1, 0, height_px - 1]],
        }
        return np.ascontiguousarray(np.rot90(image, quarters)), np.array(backs[quarters], float)

    return change


ATTEMPTS: Final = (
    Attempt("contrast", _stretched),
    Attempt("padding", _padded),
    Attempt("half", _halved),
    Attempt("double", _doubled),
    Attempt("90 degrees", _turned(1)),
    Attempt("270 degrees", _turned(3)),
    Attempt("180 degrees", _turned(2)),
)


def _reduced(image: Image) -> tuple[Image, Transform]:
    scale = SIDE_PX / max(image.shape[:2])
    return (image, _scaling(1.0)) if scale >= 1 else _resized(image, scale)


def _resized(image: Image, scale: float) -> tuple[Image, Transform]:
    height_px, width_px = (max(1, round(side * scale)) for side in image.shape[:2])
    ratio = np.array([image.shape[1] / width_px, image.shape[0] / height_px])
    # Centres of pixels are at .0: the corner at -0.5 stays where it is.
    back = np.column_stack([np.diag(ratio), (ratio - 1) / 2])
    return resize(image, width_px, height_px), back


def _scaling(scale: float) -> Transform:
    return np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])


def _chained(outer: Transform, inner: Transform) -> Transform:
    """The map that applies `inner`, then `outer`."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.column_stack([linear, outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _mapped(detection: Detection, transform: Transform) -> Detection:
    box = detection.box
    # A box's sides lie half a pixel before its first pixel's centre.
    corners = np.array([(box.x0, box.y0), (box.x1, box.y1)]) - 0.5
    ends = transform_points(transform, corners) + 0.5
    low, high = ends.min(axis=0), ends.max(axis=0)
    landmarks = transform_points(transform, detection.landmarks)
    return Detection(Box(*low.tolist(), *high.tolist()), detection.score, landmarks.astype("f4"))
