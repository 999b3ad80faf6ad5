"""Bytes of a photograph to the embedding of its one face: DeepFace, InsightFace, and ours.

Ours is what the server runs: JPEG bytes, decoding, MTCNN, alignment, network, unit length. The
photographs are the two public-domain portraits; a round takes both, times are those of one.

DeepFace: the real `DeepFace.represent(bytes, model_name="ArcFace", detector_backend="mtcnn")`, on
TensorFlow, which it takes first where there are several; MTCNN is the `mtcnn` package's, with its
weights. Its ArcFace is an IResNet-34 in Keras with random weights (`deepface_process.py`), on which
no time depends. Against it stand our default model (a smaller network), and a random IResNet-34 of
full width, which is a network of the same size.

InsightFace: its alignment (`face_align.norm_crop`) and recognition (`ArcFaceONNX`, ONNX Runtime) on
the same weights, from our ONNX file with a transposition in front, for it feeds channels first; its
detectors' weights cannot be had, so ours finds the faces on both sides ("photo"), or the picture is
decoded and the face is known on both ("face").

Sketch first: DeepFace runs MTCNN's scales one by one in eager TensorFlow, hundreds of ms, then
`predict` of 34 layers: 5 times is easy. InsightFace differs from us by the engine alone: what
`bench_network.py` finds for one face, thinned by the detection that both share.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facenet_res.core.arrays import cosine, unit_norm
from facenet_res.core.artifact import Artifact, default_artifact_dir
from facenet_res.core.types import Image
from facenet_res.faces.align import align_face
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.artifacts import write_random_artifact
from tests.benchmarks import bench, network_engines
from tests.benchmarks.deepface_process import DeepFaceProcess
from tests.portraits import PORTRAITS, portrait

# What the package takes of ours must be the same network: float32 by another library.
COSINE_MIN = 0.999

Record = Callable[[str, object], None]

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # TensorFlow's, tf2onnx's, NNCF's
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # InsightFace's call of scikit-image
]


def photographs() -> list[bytes]:
    """The portraits as JPEG; for a smoke pass only the middle of one, which is searched quickly."""
    if bench.is_full():
        return [encode_jpeg(portrait(name)) for name in PORTRAITS]
    return [encode_jpeg(np.ascontiguousarray(portrait("astronaut")[:256, 96:352]))]


@pytest.mark.bench
@pytest.mark.parametrize("network", ["default", "iresnet34"])
def test_photo_to_embedding_against_deepface(
    network: str, tmp_path: Path, record_property: Record
) -> None:
    if network == "default" and not bench.is_full():
        pytest.skip("one network is enough to see that the benchmark runs")
    files = photographs()
    paths = [tmp_path / f"{number}.jpg" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    with DeepFaceProcess(paths) as deepface:
        recognizer = FaceRecognizer(_folder(network, tmp_path))
        rounds = bench.interleaved(
            {"deepface": deepface, "ours": lambda: [recognizer.embed_one(data) for data in files]},
            bench.size(smoke=1, full=15),
        )
    for name in rounds.times_ms:
        record_property(f"{name}_ms_a_photo", rounds.median_ms(name) / len(files))
    record_property("faster_than_deepface", str(rounds.ratio("deepface", "ours")))


def _folder(network: str, tmp_path: Path) -> Path:
    if network == "default":
        return default_artifact_dir()
    whole = {"depth": 34, "width": 1.0, "stem": "full", "embedding_dim": 512}
    return write_random_artifact(
        tmp_path / "model", **(whole if bench.is_full() else {"depth": 34})
    ).folder


@pytest.mark.bench
@pytest.mark.parametrize("network", ["iresnet50", "default"])
def test_the_steps_of_insightface(network: str, tmp_path: Path, record_property: Record) -> None:
    if network == "default" and not bench.is_full():
        pytest.skip("one network is enough to see that the benchmark runs")
    if importlib.util.find_spec("insightface") is None:
        pytest.skip("needs insightface: pip install --no-deps insightface==2.1")
    artifact, _ = network_engines.artifact_of(network, tmp_path)
    theirs = InsightFaceSteps(artifact, tmp_path / "channels_first.onnx")
    files, detector = photographs(), MtcnnDetector()
    # They embed a face once: so do we, also where the model adds its mirror image.
    plain = replace(artifact, manifest=replace(artifact.manifest, is_mirrored=False))
    embedders = {
        precision: BackendEmbedder(
            open_backend(plain, BackendConfig(engine="openvino", precision=precision)),
            plain.manifest,
        )
        for precision in network_engines.precisions()
    }
    # On the same crops: their alignment does not smooth what it shrinks, and gives others.
    crops = np.stack(
        [FaceRecognizer.of(detector, embedders["f32"]).detect(data)[0].crop for data in files]
    )
    wanted = unit_norm(np.stack([theirs.embed_crop(crop) for crop in crops]))
    found = embedders["f32"].embed(crops)
    assert cosine(wanted, found).min() > COSINE_MIN, "not the same network"

    photo = bench.interleaved(
        {
            "insightface": lambda: [theirs.embed(data, detector) for data in files],
            **{name: _of_photos(one, detector, files) for name, one in embedders.items()},
        },
        bench.size(smoke=1, full=15),
    )
    images = [decode_image(data) for data in files]
    landmarks = [detector.detect(image)[0].landmarks for image in images]
    known = [
        (image[:, :, ::-1].copy(), points) for image, points in zip(images, landmarks, strict=True)
    ]
    face = bench.interleaved(
        {
            "insightface": lambda: [theirs.embed_known(bgr, points) for bgr, points in known],
            **{name: _of_faces(one, images, landmarks) for name, one in embedders.items()},
        },
        bench.size(smoke=1, full=15),
    )
    _record(record_property, {"photo": photo, "face": face}, len(files))


class InsightFaceSteps:
    """The package's alignment and recognition, on a network of ours."""

    def __init__(self, artifact: Artifact, path: Path) -> None:
        from insightface.app.common import Face
        from insightface.model_zoo.arcface_onnx import ArcFaceONNX

        _write_channels_first(artifact.path_of("onnx"), path)
        self._face = Face
        self._recognition = ArcFaceONNX(str(path))
        self._recognition.prepare(ctx_id=-1)

    def embed(self, data: bytes, detector: MtcnnDetector) -> Any:
        """float32[D] of the largest face, as `FaceAnalysis.get` goes about it."""
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        detection = detector.detect(np.ascontiguousarray(bgr[:, :, ::-1]))[0]
        return self.embed_known(bgr, detection.landmarks)

    def embed_crop(self, crop: Image) -> Any:
        """float32[D] of an aligned face, RGB."""
        return self._recognition.get_feat(crop[:, :, ::-1]).ravel()

    def embed_known(self, bgr: Any, landmarks: Any) -> Any:
        """float32[D] of a face whose landmarks are known."""
        return self._recognition.get(bgr, self._face(kps=landmarks))


def _write_channels_first(source: Path, path: Path) -> None:
    """The network with a transposition in front; ONNX Runtime cancels it against the next."""
    import onnx

    model = onnx.load(str(source))
    (given,) = model.graph.input
    nhwc = given.name
    model.graph.node.insert(
        0, onnx.helper.make_node("Transpose", ["data"], [nhwc], perm=[0, 2, 3, 1])
    )
    del model.graph.input[:]
    shape = ["batch", 3, 112, 112]
    model.graph.input.append(
        onnx.helper.make_tensor_value_info("data", onnx.TensorProto.FLOAT, shape)
    )
    onnx.save(model, str(path))


def _of_photos(
    embedder: BackendEmbedder, detector: MtcnnDetector, files: list[bytes]
) -> network_engines.Work:
    recognizer = FaceRecognizer.of(detector, embedder)
    return lambda: [recognizer.embed_one(data) for data in files]


def _of_faces(
    embedder: BackendEmbedder, images: list[Image], landmarks: list[Any]
) -> network_engines.Work:
    return lambda: [
        embedder.embed(align_face(image, points)[None])
        for image, points in zip(images, landmarks, strict=True)
    ]


def _record(record: Record, measured: Mapping[str, bench.Rounds], count: int) -> None:
    for what, rounds in measured.items():
        for name in rounds.times_ms:
            record(f"{what}_{name}_ms", rounds.median_ms(name) / count)
        for precision in network_engines.precisions():
            ratio = rounds.ratio("insightface", precision)
            record(f"{what}_{precision}_faster_than_insightface", str(ratio))
