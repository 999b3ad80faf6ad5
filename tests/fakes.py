"""Stand-ins for the detector and the network: exact, instant, and honest about what they saw."""

import threading
from collections.abc import Sequence

import numpy as np

from facenet_res.core.arrays import check_faces, check_image, unit_norm
from facenet_res.core.types import Box, Detection, Embeddings, Faces, Image

# Where the eyes, the nose and the mouth's corners lie in a face's box, as shares of its sides.
LANDMARKS = np.array([[0.34, 0.46], [0.66, 0.46], [0.5, 0.64], [0.37, 0.82], [0.63, 0.82]])
THUMB_SIDE_PX = 8


def face_at(x0: float, y0: float, side_px: float, score: float = 0.99) -> Detection:
    """A detection of an upright face in a square."""
    landmarks = np.array([x0, y0]) + LANDMARKS * side_px
    box = Box(x0, y0, x0 + side_px, y0 + side_px)
    return Detection(box, score, landmarks.astype(np.float32))


class FakeDetector:
    """Finds what it was told to, or else one face that fills the middle of the image."""

    def __init__(self, detections: Sequence[Detection] | None = None) -> None:
        self._detections = None if detections is None else list(detections)

    def detect(self, image: Image) -> list[Detection]:
        """See Detector."""
        height_px, width_px = check_image(image).shape[:2]
        if self._detections is not None:
            return list(self._detections)
        side_px = min(height_px, width_px) * 0.8
        return [face_at((width_px - side_px) / 2, (height_px - side_px) / 2, side_px)]


class FakeEmbedder:
    """Embeds a face by a fixed random projection of its thumbnail: like faces land close by.

    Attributes:
        batch_sizes: of each call so far, in order.
    """

    def __init__(self, model_id: str = "fake-1", embedding_dim: int = 64) -> None:
        self.batch_sizes: list[int] = []
        self._model_id = model_id
        self._lock = threading.Lock()
        rng = np.random.default_rng(0)
        self._projection = rng.normal(size=(3 * THUMB_SIDE_PX**2, embedding_dim))

    @property
    def model_id(self) -> str:
        """See Embedder."""
        return self._model_id

    @property
    def embedding_dim(self) -> int:
        """See Embedder."""
        return int(self._projection.shape[1])

    def embed(self, faces: Faces) -> Embeddings:
        """See Embedder."""
        batch = check_faces(faces)
        with self._lock:
            self.batch_sizes.append(len(batch))
        step = batch.shape[1] // THUMB_SIDE_PX
        cells = batch.reshape(len(batch), THUMB_SIDE_PX, step, THUMB_SIDE_PX, step, 3)
        thumbs = cells.mean(axis=(2, 4)).reshape(len(batch), -1)
        # One unit is added so that an all-grey face has a direction too.
        centred = thumbs - thumbs.mean(axis=1, keepdims=True) + 1.0
        return unit_norm(centred @ self._projection)
