"""The stages of one request, each alone, and beside each what bounds it, measured in the same run.

The bounds: for decoding OpenCV's decoder without our checks; for the detector and the network their
products at the rate of this machine's own matrix product in f32; for alignment the warps without
what we do around them; for the queue a call of a thread that does nothing; for the search one pass
over the embeddings; for the wire the same bytes through a socket on loopback.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from facenet_res.core.types import FACE_SIDE_PX, Detection, Embeddings, Faces, Image
from facenet_res.faces.align import align_face
from facenet_res.faces.mtcnn import mtcnn_config
from facenet_res.inference.batcher import Batcher

Work = Callable[[], object]

PRODUCT_SIDE = 1024
PNET_CELL_PX = 12
# P-Net's products for one pixel of a scaled image: 3x3x3x10 at each, the rest at every second.
PNET_MACS = 3 * 3 * 3 * 10 + (3 * 3 * 10 * 16 + 3 * 3 * 16 * 32 + 32 * 6) / 4


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a request.

    Attributes:
        name: of the stage.
        work: does it once.
        bound_is: what it cannot be faster than, in words.
        bound: does that once; None where nothing was found to say.
        bound_share: how much of the time of `bound` counts.
    """

    name: str
    work: Work
    bound_is: str
    bound: Work | None
    bound_share: float = 1.0


def matrix_product() -> tuple[Work, float]:
    """A square matrix product in f32, and its multiply-accumulates."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, PRODUCT_SIDE, PRODUCT_SIDE)).astype(np.float32)
    return lambda: first @ second, float(PRODUCT_SIDE**3)


def pnet_macs(image: Image, face_px_min: float | None = None) -> float:
    """Products of MTCNN's first network over an image at all scales, by its smallest face."""
    config = mtcnn_config(face_px_min)
    height_px, width_px = image.shape[:2]
    face_px = max(config.face_px_min, config.face_share_min * max(height_px, width_px))
    scale = PNET_CELL_PX / face_px
    # Each scale has scale_step squared of the pixels of the one before; the tail hardly counts.
    return float(PNET_MACS * height_px * width_px * scale**2 / (1 - config.scale_step**2))


def aligned(image: Image, detections: tuple[Detection, ...]) -> Faces:
    """The faces, one after another."""
    return np.stack([align_face(image, detection.landmarks) for detection in detections])


def bare_warps(image: Image, faces: int) -> list[Any]:
    """As many warps to a face's size, and nothing around them."""
    move = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])
    return [cv2.warpAffine(image, move, (FACE_SIDE_PX, FACE_SIDE_PX)) for _ in range(faces)]


class Idle:
    """An embedder that does nothing: what is left of a call is the batcher."""

    model_id = "idle"

    def __init__(self, embedding_dim: int) -> None:
        self.embedding_dim = embedding_dim

    def embed(self, faces: Faces) -> Embeddings:
        """Any unit vectors."""
        embeddings = np.zeros((len(faces), self.embedding_dim), np.float32)
        embeddings[:, 0] = 1.0
        return embeddings


class IdleQueue:
    """A batcher on an idle machine, and a bare thread to compare with, on one event loop."""

    def __init__(self, faces: Faces, embedding_dim: int) -> None:
        self._faces = faces
        self._loop = asyncio.new_event_loop()
        self._batcher = Batcher(Idle(embedding_dim))
        self._executor = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._loop.run_until_complete(self._batcher.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run_until_complete(self._batcher.close())
        self._loop.close()
        self._executor.shutdown()

    def embed(self) -> None:
        """The faces through the batcher."""
        self._loop.run_until_complete(self._batcher.embed(self._faces))

    def call_thread(self) -> None:
        """A call of a thread that does nothing."""
        self._loop.run_until_complete(self._loop.run_in_executor(self._executor, bool))


@contextmanager
def bare_socket(sent: int, answered: int) -> Iterator[Work]:
    """A round trip of so many bytes through TCP on loopback, to a thread that only copies."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request, answer = bytes(sent), bytes(answered)

    def serve() -> None:
        while _received(far, sent):
            far.sendall(answer)

    def ask() -> None:
        near.sendall(request)
        _received(near, answered)

    thread = threading.Thread(target=serve, name="bare-socket")
    thread.start()
    try:
        yield ask
    finally:
        near.close()
        thread.join()
        far.close()


def _received(end: socket.socket, size: int) -> bool:
    while size > 0:
        data = end.recv(min(size, 1 << 16))
        if not data:
            return False
        size -= len(data)
    return True
