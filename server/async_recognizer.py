"""A recognizer for the event loop: many requests share the engine's calls.

Decoding, detection and alignment run in worker threads; the faces of all requests meet in the
batcher, so that one engine call serves many callers.
"""

from collections.abc import Callable
from typing import TypeVar

from facenet_res.core.types import Embeddings, Face, Faces, ImageResult
from facenet_res.faces.detector import only_face
from facenet_res.inference.batcher import Batcher
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.recognizer.steps import stacked, with_embeddings
from facenet_res.server.context import Caller
from facenet_res.server.pool import WorkerPool

Result = TypeVar("Result")


class AsyncRecognizer:
    """Detects and embeds for one event loop.

    Attributes:
        recognizer: what detects and decides; its embedder is called by the batcher alone.
    """

    def __init__(self, recognizer: FaceRecognizer, batcher: Batcher, workers: WorkerPool) -> None:
        self.recognizer = recognizer
        self._batcher = batcher
        self._workers = workers

    async def detect(self, image: bytes, caller: Caller, faces_max: int = 0) -> ImageResult:
        """Detects and aligns the faces of an image.

        Args:
            image: the bytes of an image file.
            caller: who waits for the answer, and for how long.
            faces_max: most faces to return, the largest first; 0 for all.

        Raises:
            ImageUnreadable, ImageTooLarge: the image.
        """

        def detect() -> ImageResult:
            opened = self.recognizer.open_image(image)
            faces = self.recognizer.detect(opened, faces_max=faces_max or None)
            return ImageResult("", tuple(faces), *opened.size_px)

        return await self.compute(detect, caller)

    async def embed(self, image: bytes, caller: Caller, faces_max: int = 0) -> ImageResult:
        """Detects and embeds the faces of an image; see `detect`.

        Raises:
            ImageUnreadable, ImageTooLarge: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the faces cannot be embedded in time.
        """
        found = await self.detect(image, caller, faces_max)
        faces = tuple(await self._embedded(found.faces, caller))
        return ImageResult("", faces, found.width_px, found.height_px)

    async def embed_one(self, image: bytes, caller: Caller, *, largest: bool) -> Face:
        """Detects and embeds the face of an image that should show one.

        Raises:
            NoFace, SeveralFaces: it does not.
            ImageUnreadable, ImageTooLarge: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the face cannot be embedded in time.
        """

        def detect() -> Face:
            return only_face(self.recognizer.detect(image), largest=largest)

        (face,) = await self._embedded((await self.compute(detect, caller),), caller)
        return face

    async def embed_aligned(self, crops: Faces, caller: Caller) -> Embeddings:
        """Embeds aligned crops, uint8[B, 112, 112, 3] RGB.

        Raises:
            ArrayInvalid: the network has no embedding for one of them.
            QueueFull, DeadlineExceeded, ShuttingDown: they cannot be embedded in time.
        """
        return await self._batcher.embed(crops, caller.remaining_s(), caller.client)

    async def compute(self, work: Callable[[], Result], caller: Caller) -> Result:
        """Runs blocking work in a worker thread, at the caller's turn."""
        return await self._workers.run(work, caller.client)

    async def _embedded(self, faces: tuple[Face, ...], caller: Caller) -> list[Face]:
        if not faces:
            return []
        embeddings = await self.embed_aligned(stacked(faces), caller)
        return with_embeddings(faces, embeddings, self.recognizer.embedder.model_id)
