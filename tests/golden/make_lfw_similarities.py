"""Writes tests/golden/lfw_similarities.npy: how similar the shared MobileFaceNet finds LFW's pairs.

Run it from the repository's root; it needs the shared data and takes some minutes:

    python -m tests.golden.make_lfw_similarities

Photographs are found by YuNet and aligned by us; f(x) + f(mirrored x), as in `evaluate lfw`. The
6,000 numbers show nobody. The test computes some of them anew, and the accuracy of all.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.arrays import cosine
from facenet_res.core.artifact import Manifest, write_artifact
from facenet_res.data.pairs import PairSet, read_pairs
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.pairs import located
from facenet_res.evaluation.subjects import embed_subjects
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.conftest import shared_data_dir

TARGET = Path(__file__).parent / "lfw_similarities.npy"


def main() -> None:
    """Computes all pairs."""
    data = shared_data_dir()
    pairs = read_pairs(data / "lfw_pairs.txt")
    with tempfile.TemporaryDirectory() as folder:
        model = mobilefacenet(data, Path(folder) / "model")
        values = similarities(data, model, pairs, range(len(pairs)))
    np.save(TARGET, values.astype(np.float16))


def mobilefacenet(data: Path, folder: Path) -> Path:
    """The shared MobileFaceNet as a model folder."""
    source = data / "weights" / "mobilefacenet_ms1m_arcface.onnx"
    manifest = Manifest(
        model_id="mobilefacenet-1",
        embedding_dim=128,
        layout="NCHW",
        loss="ArcFace",
        training="by others: foamliu/MobileFaceNet",
        licence="Apache-2.0",
    )
    return write_artifact(folder, manifest, [("onnx", source)]).folder


def similarities(
    data: Path, model: Path, pairs: PairSet, chosen: Sequence[int]
) -> NDArray[np.float32]:
    """Similarities of some of LFW's pairs: float32[len(chosen)]."""
    yunet = data / "weights" / "yunet_n_dynamic.onnx"
    first, second = pairs.first[list(chosen)], pairs.second[list(chosen)]
    photos, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    with (
        open_images(data / "lfw.zip") as source,
        FaceRecognizer(model, detector="yunet", detector_model=yunet, flip=True) as recognizer,
    ):
        names = located(pairs, source.names)
        wanted = [names[photo] for photo in photos.tolist()]
        rows = embed_subjects(source, wanted, recognizer).embeddings
    return cosine(rows[places[: len(first)]], rows[places[len(first) :]])


if __name__ == "__main__":
    main()
