"""YuNet by OpenCV's FaceDetectorYN: a faster detector, where the user has its ONNX file.

Source: Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector"; the file is that of the
OpenCV model zoo or of libfacedetection.train.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facenet_res.core.arrays import check_image
from facenet_res.core.errors import ArtifactInvalid, ConfigInvalid, FileMissing
from facenet_res.core.types import Box, Detection, Image
from facenet_res.faces.detector import largest_first
from facenet_res.faces.pool import Pool
from facenet_res.imaging.warp import resize


@dataclass(frozen=True, slots=True, kw_only=True)
class YunetConfig:
    """What counts as a face, and on how large a copy it is looked for.

    Attributes:
        score_min: least score of a detection.
        iou_max: a box that overlaps a better one by more than this is the same face.
        side_px_max: longer side of the copy that is searched. YuNet finds faces of 10 to 300 px,
            so a larger copy finds smaller faces and loses large ones.
        candidates_max: the best windows that are looked at.
    """

    score_min: float = 0.7
    iou_max: float = 0.3
    side_px_max: int = 640
    candidates_max: int = 1000

    def __post_init__(self) -> None:
        for name in ("score_min", "iou_max"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigInvalid(f"{name} must be in (0, 1], got {getattr(self, name)}")
        if not 32 <= self.side_px_max <= 8192:
            raise ConfigInvalid(f"side_px_max must be in [32, 8192], got {self.side_px_max}")
        if self.candidates_max < 1:
            raise ConfigInvalid(f"candidates_max must be >= 1, got {self.candidates_max}")


class YunetDetector:
    """Finds faces with a YuNet file. Safe to call from several threads.

    FaceDetectorYN keeps the size of its input between calls, so each caller is lent one of its
    own.
    """

    def __init__(self, model_path: Path, config: YunetConfig = YunetConfig()) -> None:
        """Reads the model.

        Raises:
            FileMissing: there is no file at `model_path`.
            ArtifactInvalid: the file is no ONNX model, or another network's.
        """
        if not model_path.is_file():
            raise FileMissing(f"{model_path}: no such file; YuNet needs its ONNX model")
        self._model_path = model_path
        self._config = config
        self._networks: Pool[Any] = Pool(self._load)
        try:
            self.detect(np.zeros((64, 64, 3), np.uint8))
        except cv2.error as error:
            raise ArtifactInvalid(f"{model_path} is no YuNet model: {error.err}") from error

    @property
    def side_px_enough(self) -> int | None:
        """Longer side of a copy in which the same faces are found: that which is searched."""
        return self._config.side_px_max

    def detect(self, image: Image) -> list[Detection]:
        """All faces of an image, the largest first.

        Args:
            image: uint8[H, W, 3], RGB, upright.

        Returns:
            One detection a face. Boxes may reach beyond the image.

        Raises:
            ArrayInvalid: the image has another shape or type.
        """
        height_px, width_px = check_image(image).shape[:2]
        scale = min(1.0, self._config.side_px_max / max(height_px, width_px))
        searched = image
        if scale < 1:
            searched = resize(
                image, max(1, round(width_px * scale)), max(1, round(height_px * scale))
            )
        with self._networks.lent() as network:
            network.setInputSize((searched.shape[1], searched.shape[0]))
            _, rows = network.detect(cv2.cvtColor(searched, cv2.COLOR_RGB2BGR))
        if rows is None:
            return []
        # Each side has a ratio of its own, since the copy's sides are whole pixels.
        ratio = np.array([width_px / searched.shape[1], height_px / searched.shape[0]])
        return largest_first([_detection(row, ratio) for row in rows])

    def _load(self) -> Any:
        config = self._config
        return cv2.FaceDetectorYN.create(
            str(self._model_path),
            "",
            (config.side_px_max, config.side_px_max),
            config.score_min,
            config.iou_max,
            config.candidates_max,
        )


def _detection(row: Any, ratio: Any) -> Detection:
    """One of YuNet's rows: x, y, width, height, five points, score.

    The points have the person's right eye first, which is on the image's left, as ours do.
    """
    low = row[:2] * ratio
    high = low + row[2:4] * ratio
    landmarks = (row[4:14].reshape(5, 2) + 0.5) * ratio - 0.5
    score = min(float(row[14]), 1.0)
    return Detection(Box(*low.tolist(), *high.tolist()), score, landmarks.astype(np.float32))
