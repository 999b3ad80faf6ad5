"""Networks that are used in earnest: the one in the package, and a foreign one."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import MANIFEST_NAME, Manifest, default_artifact_dir, write_artifact
from facenet_res.core.types import Faces
from facenet_res.faces.align import align_face
from facenet_res.faces.mtcnn import MtcnnDetector
from facenet_res.inference.open import open_embedder
from tests.portraits import PORTRAITS, portrait

needs_default_model = pytest.mark.skipif(
    not (default_artifact_dir() / MANIFEST_NAME).is_file(),
    reason="the package has no default model yet",
)


def portraits() -> Faces:
    """The aligned faces of both portraits, and a darker form of each."""
    detector = MtcnnDetector()
    faces = np.stack(
        [
            align_face(portrait(name), detector.detect(portrait(name))[0].landmarks)
            for name in PORTRAITS
        ]
    )
    return np.concatenate([faces, (faces * 0.8).astype(np.uint8)])


@needs_default_model
def test_the_default_model_tells_pictures_apart_and_knows_them_darker() -> None:
    first, second, first_dark, second_dark = open_embedder().embed(portraits())

    assert first @ first_dark > 0.8
    assert second @ second_dark > 0.8
    assert first @ second < 0.5


@needs_default_model
def test_the_default_models_bf16_stays_close_to_f32() -> None:
    exact = open_embedder(precision="f32").embed(portraits())
    picked = open_embedder(precision="auto").embed(portraits())
    assert (exact * picked).sum(axis=1).min() > 0.999


def test_a_foreign_network_of_fixed_batch_is_served_alike_by_both_engines(
    shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "weights" / "mobilefacenet_ms1m_arcface.onnx"
    manifest = Manifest(model_id="mobilefacenet-ms1m", embedding_dim=128, layout="NCHW")
    folder = write_artifact(tmp_path / "model", manifest, [("onnx", source)]).folder

    by_openvino = open_embedder(folder, "openvino").embed(portraits())
    by_onnx = open_embedder(folder, "onnx").embed(portraits())

    assert (by_openvino * by_onnx).sum(axis=1).min() > 0.9999
    assert by_openvino[0] @ by_openvino[1] < 0.5
