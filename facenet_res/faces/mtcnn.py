"""MTCNN: the detector that comes with the package.

Three networks in a row. P-Net slides over the image at many scales and proposes squares; R-Net
looks at each at 24x24 px, O-Net at what is left at 48x48 px, and gives the five landmarks. The
networks and thresholds are those of the `mtcnn` package; around them four things differ:

- The image has a grey border at every scale, and the scales go on until the window is one and a
  half times the image, so that a face which fills the image or is cut by its edge is found.
- Each stage samples from halved copies of the image, so that large faces are seen sharp and
  without aliasing; the original picks single pixels.
- The smallest face looked for grows with the image, or a 12 MP image would take seconds.
- Suppression is greedy, as in the paper.

Source: Zhang et al. 2016, arXiv:1604.02878.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import check_image
from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.machine import has_bf16
from facenet_res.core.types import Box, Detection, Image
from facenet_res.faces.detector import largest_first
from facenet_res.faces.mosaic import CELL_PX, NOWHERE, STEP_PX, Canvas, canvases
from facenet_res.faces.mtcnn_networks import load_networks
from facenet_res.faces.names import FACE_PX_RANGE
from facenet_res.faces.suppression import suppress, suppress_apart, suppress_nested
from facenet_res.imaging.pyramid import GREY, ImagePyramid

# Windows of P-Net that are looked at for each candidate that is wanted: most are of one face.
_WINDOWS_PER_CANDIDATE: Final = 4
# Overlap of P-Net's boxes that stay: within a scale, and of all scales.
_WINDOWS_IOU_MAX: Final = 0.5
_SCALES_IOU_MAX: Final = 0.7
# How far the largest window exceeds the image's shorter side.
_CLOSE_UP: Final = 1.5
_REFINED_SIDE_PX: Final = 24
_FINAL_SIDE_PX: Final = 48
PRECISIONS: Final = ("auto", "f32", "bf16")


@dataclass(frozen=True, slots=True, kw_only=True)
class MtcnnConfig:
    """What counts as a face, and how far to look for small ones.

    Attributes:
        face_px_min: side of the smallest face looked for; P-Net's limit is 12. Faces down to half
            of it may be found all the same.
        face_share_min: the same as a share of the image's longer side; the greater of the two
            counts. 1/64 is 20 px of an image of 1,280 px, 62 px of one of 4,000. It bounds the
            time for large images; 0 looks for small faces however large the image.
        scale_step: ratio of neighbouring scales, in [0.5, 0.9].
        proposal_score_min: P-Net's threshold.
        refined_score_min: R-Net's threshold.
        score_min: O-Net's threshold, and so the least score of a detection. The package takes
            0.8; of 200 images 0.9 loses one face and 11 of 15 things that are none.
        proposal_precision: of P-Net's numbers: "f32", "bf16", or "auto", which is bf16 where the
            CPU computes in it: 39 % less time, and boxes that differ by a hundredth.
        candidates_max: the best proposals that R-Net looks at. Bounds the time for images full
            of texture; a crowd of 100 faces has about 1,000.
    """

    face_px_min: float = 20.0
    face_share_min: float = 1 / 64
    scale_step: float = 0.709
    proposal_score_min: float = 0.6
    refined_score_min: float = 0.7
    score_min: float = 0.9
    candidates_max: int = 1000
    proposal_precision: Literal["auto", "f32", "bf16"] = "auto"

    def __post_init__(self) -> None:
        allowed = {
            "face_px_min": FACE_PX_RANGE,
            "face_share_min": (0, 1),
            "scale_step": (0.5, 0.9),
            "proposal_score_min": (0.1, 1),
            "refined_score_min": (0.1, 1),
            "score_min": (0.1, 1),
            "candidates_max": (1, 100_000),
        }
        for name, (low, high) in allowed.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigInvalid(f"{name} must be in [{low}, {high}], got {value}")
        if self.proposal_precision not in PRECISIONS:
            raise ConfigInvalid(
                f"proposal_precision must be one of {PRECISIONS}, got {self.proposal_precision!r}"
            )


def mtcnn_config(face_px_min: float | None) -> MtcnnConfig:
    """The default settings, or those that look for faces of a size in images of any size.

    Raises:
        ConfigInvalid: the size is out of range.
    """
    if face_px_min is None:
        return MtcnnConfig()
    return MtcnnConfig(face_px_min=face_px_min, face_share_min=0)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Boxes on their way through the stages: float64[N, 4] and their scores, float32[N]."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float32]

    def rows(self, chosen: NDArray[Any]) -> "_Candidates":
        """The rows of a mask or of indices, in their order."""
        return _Candidates(self.boxes[chosen], self.scores[chosen])


class MtcnnDetector:
    """Finds faces with the weights in the package. Safe to call from several threads."""

    def __init__(self, config: MtcnnConfig = MtcnnConfig()) -> None:
        self._config = config
        asked = config.proposal_precision
        precision = ("bf16" if has_bf16() else "f32") if asked == "auto" else asked
        networks = load_networks(proposal_precision=precision)
        self._propose_net, self._refine_net, self._final_net = networks

    @property
    def side_px_enough(self) -> int | None:
        """Longer side of a copy in which the same faces are found: 1,280 px by default.

        There the share of the image that bounds small faces is `face_px_min`, as small as a
        face may be. None where that share is 0.
        """
        share = self._config.face_share_min
        return math.ceil(self._config.face_px_min / share) if share > 0 else None

    def detect(self, image: Image) -> list[Detection]:
        """All faces of an image, the largest first.

        Args:
            image: uint8[H, W, 3], RGB, upright.

        Returns:
            One detection a face. Boxes are tight around forehead, ears and chin, and may reach
            beyond the image.

        Raises:
            ArrayInvalid: the image has another shape or type.
        """
        pyramid = ImagePyramid(check_image(image))
        candidates = self._proposed(pyramid)
        if len(candidates.boxes):
            candidates = self._refined(pyramid, candidates)
        if not len(candidates.boxes):
            return []
        return largest_first(self._finished(pyramid, candidates))

    def _proposed(self, pyramid: ImagePyramid) -> _Candidates:
        """P-Net at every scale: squares, best first."""
        scales = np.array(self._scales(pyramid.size_px))
        sizes_px = np.maximum(1, np.rint(np.outer(scales, pyramid.size_px))).astype(int)
        found = [
            self._proposed_on(pyramid, canvas, scales[list(canvas.scales)])
            for canvas in canvases(tuple((width, height) for width, height in sizes_px.tolist()))
        ]
        if not found:
            return _Candidates(np.empty((0, 4)), np.empty(0, np.float32))
        boxes = np.concatenate([candidates.boxes for candidates in found])
        scores = np.concatenate([candidates.scores for candidates in found])
        best = suppress(boxes, scores, _SCALES_IOU_MAX)[: self._config.candidates_max]
        return _Candidates(_squared(boxes[best]), scores[best])

    def _scales(self, size_px: tuple[int, int]) -> list[float]:
        face_px = max(self._config.face_px_min, self._config.face_share_min * max(size_px))
        scales = []
        while face_px <= _CLOSE_UP * min(size_px):
            scales.append(CELL_PX / face_px)
            face_px /= self._config.scale_step
        return scales

    def _proposed_on(
        self, pyramid: ImagePyramid, canvas: Canvas, scales: NDArray[np.float64]
    ) -> _Candidates:
        """P-Net on one canvas: its windows that may hold a face, in pixels of the image."""
        pixels = np.full((canvas.size_px[1], canvas.size_px[0], 3), GREY, np.uint8)
        places = zip(canvas.sizes_px, canvas.corners_px.tolist(), strict=True)
        for (width_px, height_px), (x, y) in places:
            pyramid.reduce_into(pixels[y : y + height_px, x : x + width_px])
        faces, offsets = self._propose_net(pixels[None])
        rows, columns = np.nonzero(faces[0] > self._config.proposal_score_min)
        owners = canvas.owners[rows, columns]
        rows, columns, owners = (each[owners != NOWHERE] for each in (rows, columns, owners))
        scores = faces[0, rows, columns]
        # Cut before suppression, whose time grows with the square: noise has many windows.
        best = np.argsort(-scores)[: _WINDOWS_PER_CANDIDATE * self._config.candidates_max]
        rows, columns, owners, scores = (each[best] for each in (rows, columns, owners, scores))
        corners = np.column_stack([columns, rows]) * STEP_PX - canvas.corners_px[owners]
        windows = np.column_stack([corners, corners + CELL_PX])
        boxes = (windows + offsets[0, rows, columns] * CELL_PX) / scales[owners, None]
        kept = suppress_apart(boxes, scores, owners, _WINDOWS_IOU_MAX)
        return _Candidates(boxes[kept], scores[kept])

    def _refined(self, pyramid: ImagePyramid, candidates: _Candidates) -> _Candidates:
        """R-Net: fewer squares, closer to the faces."""
        patches = pyramid.patches(candidates.boxes, _REFINED_SIDE_PX)
        faces, offsets = self._refine_net(patches)
        scores = faces[:, 0, 0]
        moved = _Candidates(_moved(candidates.boxes, offsets[:, 0, 0]), scores)
        moved = moved.rows(scores > self._config.refined_score_min)
        kept = moved.rows(suppress(moved.boxes, moved.scores, iou_max=0.7))
        return _Candidates(_squared(kept.boxes), kept.scores)

    def _finished(self, pyramid: ImagePyramid, candidates: _Candidates) -> list[Detection]:
        """O-Net: one box a face, with landmarks."""
        squares = candidates.boxes
        faces, offsets, shares = self._final_net(pyramid.patches(squares, _FINAL_SIDE_PX))
        scores = faces[:, 0, 0]
        boxes = _moved(squares, offsets[:, 0, 0])
        # O-Net gives five x, then five y, each as a share of its square, in the order that
        # Detection has: left and right as they are in the image.
        points = shares[:, 0, 0].reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = squares[:, None, :2] + points * (squares[:, 2:] - squares[:, :2])[:, None]
        likely = np.flatnonzero(scores > self._config.score_min)
        kept = likely[suppress_nested(boxes[likely], scores[likely], share_max=0.7)]
        return [
            Detection(Box(*boxes[row].tolist()), float(scores[row]), landmarks[row].astype("f4"))
            for row in kept
        ]


def _moved(boxes: NDArray[np.float64], offsets: NDArray[np.float32]) -> NDArray[np.float64]:
    """Boxes shifted by offsets that are shares of their sizes."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * np.tile(sizes, 2)


def _squared(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes widened to squares about their centres; at least one pixel wide."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True), 1.0) / 2
    return np.column_stack([centres - halves, centres + halves])
