"""Images to embedded faces without holding up the event loop.

Decoding, detection and alignment run in the workers' threads; the faces of all
requests meet in the batcher, so that one engine call serves many callers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from facenet_res.core.types import EmbeddedFace
from facenet_res.inference.batcher import Batcher
from facenet_res.pipeline.embed import FacePipeline, FoundFaces
from server.pool import WorkerPool

Remaining = Callable[[], float | None]
"""Seconds until the caller's deadline, asked when it matters; None where it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageFaces:
    """The faces of one image.

    Attributes:
        width_px: of the upright image.
        height_px: of the upright image.
        faces: largest first; empty where the image holds none.
    """

    width_px: int
    height_px: int
    faces: tuple[EmbeddedFace, ...]


class FaceReader:
    """Reads the faces of images; for one event loop."""

    def __init__(self, pipeline: FacePipeline, batcher: Batcher, workers: WorkerPool) -> None:
        self._pipeline = pipeline
        self._batcher = batcher
        self._workers = workers

    async def read(self, image: bytes, remaining_s: Remaining, faces_max: int = 0) -> ImageFaces:
        """Finds and embeds the faces of an image.

        Args:
            image: a JPEG, PNG or WebP file.
            remaining_s: until the caller's deadline.
            faces_max: how many of the largest faces are wanted; 0 for all.

        Raises:
            ImageUnreadable, ImageTooLarge: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the faces cannot be embedded in time.
        """
        found = await self._workers.run(lambda: self._pipeline.find(image, faces_max or None))
        return ImageFaces(found.width_px, found.height_px, await self._embed(found, remaining_s))

    async def read_one(
        self, image: bytes, remaining_s: Remaining, *, largest: bool
    ) -> EmbeddedFace:
        """Finds and embeds the one face of an image.

        Args:
            image: a JPEG, PNG or WebP file.
            remaining_s: until the caller's deadline.
            largest: take the largest of several faces rather than refuse the image.

        Raises:
            NoFace, SeveralFaces: the image holds not exactly one face.
            ImageUnreadable, ImageTooLarge: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the face cannot be embedded in time.
        """
        found = await self._workers.run(
            lambda: self._pipeline.find(image).only_one(largest=largest)
        )
        (face,) = await self._embed(found, remaining_s)
        return face

    async def _embed(self, found: FoundFaces, remaining_s: Remaining) -> tuple[EmbeddedFace, ...]:
        if not found.detections:
            return ()
        embeddings = await self._batcher.embed(found.crops, deadline_s=remaining_s())
        return tuple(found.embedded(embeddings))
