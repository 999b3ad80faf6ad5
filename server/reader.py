"""Images to embedded faces without holding up the event loop.

Decoding, detection and alignment run in the workers' threads; the faces of all
requests meet in the batcher, so that one engine call serves many callers.
"""

from dataclasses import dataclass

from facenet_res.core.types import Embeddings, Face, Faces
from facenet_res.inference.batcher import Batcher
from facenet_res.pipeline.embed import FacePipeline, FoundFaces
from facenet_res.server.context import Caller
from facenet_res.server.pool import WorkerPool


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
    faces: tuple[Face, ...]


class FaceReader:
    """Reads the faces of images; for one event loop."""

    def __init__(self, pipeline: FacePipeline, batcher: Batcher, workers: WorkerPool) -> None:
        self._pipeline = pipeline
        self._batcher = batcher
        self._workers = workers

    async def read(self, image: bytes, caller: Caller, faces_max: int = 0) -> ImageFaces:
        """Finds and embeds the faces of an image.

        Args:
            image: a JPEG, PNG or WebP file.
            caller: who waits for the answer, and for how long.
            faces_max: how many of the largest faces are wanted; 0 for all.

        Raises:
            ImageUnreadable, ImageTooLarge: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the faces cannot be embedded in time.
        """
        found = await self._workers.run(
            lambda: self._pipeline.find(image, faces_max or None), caller.client
        )
        return ImageFaces(found.width_px, found.height_px, await self._embed(found, caller))

    async def read_one(self, image: bytes, caller: Caller, *, largest: bool) -> Face:
        """Finds and embeds the one face of an image.

        Args:
            image: a JPEG, PNG or WebP file.
            caller: who waits for the answer, and for how long.
            largest: take the largest of several faces rather than refuse the image.

        Raises:
            NoFace, SeveralFaces: the image holds not exactly one face.
            ImageUnreadable, ImageTooLarge: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the face cannot be embedded in time.
        """
        found = await self._workers.run(
            lambda: self._pipeline.find(image).only_one(largest=largest), caller.client
        )
        (face,) = await self._embed(found, caller)
        return face

    async def embed_aligned(self, faces: Faces, caller: Caller) -> Embeddings:
        """Embeds faces that are aligned already, uint8[B, 112, 112, 3] RGB.

        Raises:
            ArrayInvalid: the network has no embedding for one of them.
            QueueFull, DeadlineExceeded, ShuttingDown: they cannot be embedded in time.
        """
        return await self._batcher.embed(faces, caller.remaining_s(), caller.client)

    async def _embed(self, found: FoundFaces, caller: Caller) -> tuple[Face, ...]:
        if not found.detections:
            return ()
        return tuple(found.embedded(await self.embed_aligned(found.crops, caller)))
