"""A recognizer for the event loop: many requests share the engine's calls.

Decoding runs in processes with limits, detection and alignment in threads; the faces of all
requests meet in the batcher, so that one engine call serves many callers. What cannot be answered
before its deadline, as far as one can tell from the answers before, is not begun.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from facenet_res.core.types import Embeddings, Face, Faces, ImageResult
from facenet_res.faces.detector import only_face
from facenet_res.inference.batcher import Batcher
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.recognizer.steps import stacked, with_embeddings
from facenet_res.server.context import Call
from facenet_res.server.decoding.pool import DecoderPool
from facenet_res.server.pool import Turn, WorkerPool
from facenet_res.server.smoothed import Smoothed

Result = TypeVar("Result")

# How many times the expected time must be left to begin work while other work waits.
CROWDED = 2.0
# After so many in a row that were not begun, what is expected shrinks with each more: it may be out
# of date, and where nothing is begun nothing is learned.
DROPS_MAX = 4
DOUBT = 0.8


class AsyncRecognizer:
    """Detects and embeds for one event loop.

    Attributes:
        recognizer: what detects and decides; its embedder is called by the batcher alone.
    """

    def __init__(
        self,
        recognizer: FaceRecognizer,
        batcher: Batcher,
        workers: WorkerPool,
        decoders: DecoderPool,
    ) -> None:
        self.recognizer = recognizer
        self._batcher = batcher
        self._workers = workers
        self._decoders = decoders
        self._embed_s = Smoothed()
        self._dropped = 0

    async def detect(self, image: bytes, call: Call, faces_max: int = 0) -> ImageResult:
        """Detects and aligns the faces of an image.

        Args:
            image: the bytes of an image file.
            call: who waits for the answer, and for how long.
            faces_max: most faces to return, the largest first; 0 for all.

        Raises:
            ImageUnreadable, ImageTooLarge, ImageUndecodable: the image.
            DeadlineExceeded: it could not be answered in time, and was not begun.
        """
        return await self._detected(image, call, faces_max, self._latest(call, then_embed=False))

    async def embed(self, image: bytes, call: Call, faces_max: int = 0) -> ImageResult:
        """Detects and embeds the faces of an image; see `detect`.

        Raises:
            ImageUnreadable, ImageTooLarge, ImageUndecodable: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the faces cannot be embedded in time.
        """
        latest = self._latest(call, then_embed=True)
        found = await self._detected(image, call, faces_max, latest)
        faces = tuple(await self._embedded(found.faces, call))
        return ImageResult("", faces, found.width_px, found.height_px)

    async def embed_one(self, image: bytes, call: Call, *, largest: bool) -> Face:
        """Detects and embeds the face of an image that should show one.

        Raises:
            NoFace, SeveralFaces: it does not.
            ImageUnreadable, ImageTooLarge, ImageUndecodable: the image.
            QueueFull, DeadlineExceeded, ShuttingDown: the face cannot be embedded in time.
        """
        found = await self._detected(image, call, 0, self._latest(call, then_embed=True))
        (face,) = await self._embedded((only_face(found.faces, largest=largest),), call)
        return face

    async def embed_aligned(self, crops: Faces, call: Call) -> Embeddings:
        """Embeds aligned crops, uint8[B, 112, 112, 3] RGB.

        Raises:
            ArrayInvalid: the network has no embedding for one of them.
            QueueFull, DeadlineExceeded, ShuttingDown: they cannot be embedded in time.
        """
        began_s = time.monotonic()
        try:
            return await self._batcher.embed(crops, call.remaining_s(), call.caller)
        finally:
            # Those that came too late count too, or all that is known were the quick ones.
            self._embed_s.add(time.monotonic() - began_s)
            self._dropped = 0

    async def compute(self, work: Callable[[], Result], call: Call) -> Result:
        """Runs blocking work in a worker thread, at the caller's turn."""
        return await self._workers.run(work, Turn(call.caller, call.connection))

    async def _detected(
        self, image: bytes, call: Call, faces_max: int, latest: Callable[[bool], float]
    ) -> ImageResult:
        def detect() -> ImageResult:
            with self._decoders.opened(image) as opened:
                faces = self.recognizer.detect(opened, faces_max=faces_max or None)
                return ImageResult("", tuple(faces), *opened.size_px)

        return await self._workers.run(detect, Turn(call.caller, call.connection, latest))

    def _latest(self, call: Call, *, then_embed: bool) -> Callable[[bool], float]:
        """When work must have begun to be answered in time, asked at its turn."""

        def latest_s(is_crowded: bool) -> float:
            needs_s = self._workers.mean_s(call.caller)
            needs_s += self._embed_s.upper_s if then_embed else 0.0
            needs_s *= DOUBT ** max(0, self._dropped - DROPS_MAX)
            # While others wait, those with time to spare are likelier to be answered.
            latest = call.deadline_s - (CROWDED if is_crowded else 1.0) * needs_s
            self._dropped += time.monotonic() > latest
            return latest

        return latest_s

    async def _embedded(self, faces: tuple[Face, ...], call: Call) -> list[Face]:
        if not faces:
            return []
        embeddings = await self.embed_aligned(stacked(faces), call)
        return with_embeddings(faces, embeddings, self.recognizer.embedder.model_id)
