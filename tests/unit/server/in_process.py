"""The whole server in this process, around a recognizer whose detector and network are fakes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from facenet_res.client import AsyncFacenetClient, RetryPolicy
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.core.types import Image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.recognizer.recognizer import FaceRecognizer
from facenet_res.server.app import open_app
from facenet_res.server.config import ServerConfig
from tests.fakes import FakeDetector, FakeEmbedder

Result = TypeVar("Result")
Use = Callable[[AsyncFacenetClient], Awaitable[Result]]

MANIFEST = Manifest(
    model_id="fake-1",
    name="fake",
    version="2.0",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.8, 0.79, 0.81), Threshold(1e-4, 0.9, 0.89, 0.91)),
    licence="for tests",
)


def picture(seed: int) -> bytes:
    """A JPEG in which the fake detector sees one face; another seed is another person."""
    cells = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return encode_jpeg(cells.repeat(30, axis=0).repeat(30, axis=1), quality=95)


class Seeing(FakeDetector):
    """Sees two faces in a wide image, none in a tall one, one in any other."""

    def detect(self, image: Image) -> list:  # type: ignore[type-arg]
        """See Detector."""
        height_px, width_px = image.shape[:2]
        if height_px > width_px:
            return []
        found = super().detect(image)
        return found * 2 if width_px > height_px else found


@asynccontextmanager
async def served(folder: Path, **settings: object) -> AsyncIterator[AsyncFacenetClient]:
    """A client of a server that is ready; its gallery is made in the folder."""
    values = {"gallery": str(folder / "gallery"), "create": True, "address": "127.0.0.1:0"}
    config = ServerConfig(**{**values, **settings})  # type: ignore[arg-type]
    recognizer = FaceRecognizer.of(Seeing(), FakeEmbedder(), MANIFEST)
    async with open_app(config, recognizer) as app:
        await app.server.start()
        await app.health.ready()
        once = RetryPolicy(attempts_max=1)
        async with AsyncFacenetClient(app.address, retry=once) as client:
            yield client


def run(folder: Path, use: Use[Result], **settings: object) -> Result:
    """What `use` returns of a client of a server."""

    async def work() -> Result:
        async with served(folder, **settings) as client:
            return await use(client)

    return asyncio.run(work())
