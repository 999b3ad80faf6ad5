"""Where the time of one identification goes: every stage alone, and the whole through a server."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import grpc
import numpy as np

from experiments.request.processes import echoed, served
from experiments.request.stages import (
    IdleQueue,
    Stage,
    Work,
    aligned,
    bare_socket,
    bare_warps,
    matrix_product,
    pnet_macs,
)
from facenet_res.client import FacenetClient, calls
from facenet_res.client.gallery import RemoteGallery
from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import NoFace
from facenet_res.core.types import Detection, Embeddings, Faces, Image
from facenet_res.faces.detector import Detector
from facenet_res.faces.open import open_detector
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.limits import GalleryLimits
from facenet_res.gallery.types import Enrollment
from facenet_res.imaging.decode import decode_image, read_image_bytes
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_embedder
from facenet_res.models.catalogue import described
from facenet_res.models.config import ModelConfig

THRESHOLD = 0.5
TOP_K = 5
# One warp is too short for the clock.
ALIGN_REPEATS = 20


@dataclass(frozen=True, slots=True)
class StageTime:
    """What one stage took, and what bounds it.

    Attributes:
        name: of the stage.
        ms: median over the rounds.
        bound_ms: median of its bound; None where there is none.
        bound_is: in words.
    """

    name: str
    ms: float
    bound_ms: float | None
    bound_is: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of one request goes.

    Attributes:
        stages: in the order in which a request passes them.
        whole_ms: median of the whole request through a server.
        whole_low_ms: its 10th percentile.
        whole_high_ms: its 90th percentile.
        width_px: of the image.
        height_px: of the image.
        faces: found on it.
        engine: what ran the network.
    """

    stages: tuple[StageTime, ...]
    whole_ms: float
    whole_low_ms: float
    whole_high_ms: float
    width_px: int
    height_px: int
    faces: int
    engine: str

    @property
    def sum_ms(self) -> float:
        """All stages, one after another."""
        return sum(stage.ms for stage in self.stages)


def profile_request(path: Path, people: int, rounds: int, *, model: Path | None = None) -> Profile:
    """Measures in interleaved rounds, so that a machine that slows down slows every stage.

    Args:
        path: the image.
        people: how many the gallery holds.
        rounds: measured, after three that are not.
        model: its folder; the packaged model by default.

    Raises:
        NoFace: the image holds no face, so half of the stages would be empty.
    """
    data = read_image_bytes(path)
    image = decode_image(data)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="request-")))
        embedder = stack.enter_context(open_embedder(model))
        detector = open_detector()
        detections = tuple(detector.detect(image))
        if not detections:
            raise NoFace(f"{path} holds no face: use an image that has one")
        stages = _reading(data, image, detector, detections)
        crops = aligned(image, detections)
        queue = stack.enter_context(IdleQueue(crops, embedder.embedding_dim))
        stages.append(Stage("queue", queue.embed, "a thread that does nothing", queue.call_thread))
        stages.append(_network(embedder, crops))
        gallery = stack.enter_context(_gallery(folder / "alone", embedder, people))
        stages.append(_search(gallery, embedder.embed(crops), people))
        with _gallery(folder / "served", embedder, people):
            pass  # The server opens it; two processes may not have it open at once.
        flags = ["--gallery", str(folder / "served")]
        flags += ["--model", str(model.resolve())] if model else []
        wire, whole = stack.enter_context(_wire_and_whole(flags, data))
        times = _interleaved([*stages, wire], whole, rounds)
        return _profile([*stages, wire], times, image.shape, len(detections), embedder.description)


def _reading(
    data: bytes, image: Image, detector: Detector, detections: tuple[Detection, ...]
) -> list[Stage]:
    """From the file's bytes to aligned faces."""
    product, product_macs = matrix_product()
    return [
        Stage(
            "decode",
            lambda: decode_image(data),
            "OpenCV's decoder alone",
            lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR),
        ),
        Stage(
            "detect",
            lambda: detector.detect(image),
            "P-Net's products at the f32 matrix rate",
            product,
            pnet_macs(image) / product_macs,
        ),
        Stage(
            "align",
            lambda: [aligned(image, detections) for _ in range(ALIGN_REPEATS)],
            "the warps alone",
            lambda: [bare_warps(image, len(detections)) for _ in range(ALIGN_REPEATS)],
        ),
    ]


def _network(embedder: BackendEmbedder, crops: Faces) -> Stage:
    product, product_macs = matrix_product()
    macs = len(crops) * _macs(embedder)
    return Stage(
        "network",
        lambda: embedder.embed(crops),
        "its products at the f32 matrix rate",
        product if macs else None,
        macs / product_macs,
    )


def _search(gallery: EmbeddingGallery, queries: Embeddings, people: int) -> Stage:
    stored = _random_embeddings(people, queries.shape[1])
    return Stage(
        "search",
        lambda: gallery.identify(queries, threshold=THRESHOLD, k=TOP_K),
        "one pass over the embeddings",
        lambda: queries @ stored.T,
    )


@contextmanager
def _wire_and_whole(flags: list[str], data: bytes) -> Iterator[tuple[Stage, Work]]:
    """The wire with the bytes of the real call, and the real call."""
    call = calls.identify(data, calls.decision(THRESHOLD, None), TOP_K, None)
    request = call.request.SerializeToString()
    with served(flags) as address:
        with grpc.insecure_channel(address) as channel:
            answer: bytes = channel.unary_unary(call.path, None, None)(request, timeout=60)
        with (
            FacenetClient(address) as client,
            echoed(answer) as echo_address,
            FacenetClient(echo_address) as echo,
            bare_socket(len(request), len(answer)) as socket_round_trip,
        ):
            gallery, echo_gallery = client.open_gallery(), RemoteGallery(echo, "")
            yield (
                Stage(
                    "wire",
                    lambda: echo_gallery.identify(data, threshold=THRESHOLD),
                    "the same bytes through a socket",
                    socket_round_trip,
                ),
                lambda: gallery.identify(data, threshold=THRESHOLD),
            )


@contextmanager
def _gallery(path: Path, embedder: BackendEmbedder, people: int) -> Iterator[EmbeddingGallery]:
    """A gallery of so many people with a random face each."""
    dim = embedder.embedding_dim
    with EmbeddingGallery.create(path, model_id=embedder.model_id, embedding_dim=dim) as gallery:
        embeddings = _random_embeddings(people, dim)
        step = GalleryLimits().batch_max
        for start in range(0, people, step):
            gallery.enroll_many(
                [
                    Enrollment(person_id=f"person-{start + number}", embedding=embedding)
                    for number, embedding in enumerate(embeddings[start : start + step])
                ]
            )
        yield gallery


def _random_embeddings(count: int, dim: int) -> Embeddings:
    return unit_norm(np.random.default_rng(0).normal(size=(count, dim)))


def _macs(embedder: BackendEmbedder) -> float:
    """Products of the network for one face, mirror image included; 0 for one that is not ours."""
    if not embedder.manifest.network:
        return 0.0
    config = ModelConfig.from_dict(embedder.manifest.network)
    passes = 2 if embedder.manifest.is_mirrored else 1
    return float(passes * described(embedder.model_id, config).complexity.macs)


def _interleaved(stages: list[Stage], whole: Work, rounds: int) -> Mapping[str, list[float]]:
    """Milliseconds of everything, once a round, after three rounds that are not counted."""
    works = {stage.name: stage.work for stage in stages}
    works |= {f"{stage.name}-bound": stage.bound for stage in stages if stage.bound is not None}
    works["whole"] = whole
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(-3, rounds):
        for name, work in works.items():
            began_s = time.perf_counter()
            work()
            if number >= 0:
                times[name].append(1e3 * (time.perf_counter() - began_s))
    return times


def _profile(
    stages: list[Stage],
    times: Mapping[str, list[float]],
    shape: tuple[int, ...],
    faces: int,
    engine: str,
) -> Profile:
    shown = []
    for stage in stages:
        repeats = ALIGN_REPEATS if stage.name == "align" else 1
        bound = times.get(f"{stage.name}-bound")
        bound_ms = None if bound is None else float(np.median(bound)) * stage.bound_share / repeats
        ms = float(np.median(times[stage.name])) / repeats
        shown.append(StageTime(stage.name, ms, bound_ms, stage.bound_is))
    low, middle, high = map(float, np.percentile(times["whole"], (10, 50, 90)))
    return Profile(tuple(shown), middle, low, high, shape[1], shape[0], faces, engine)
