"""One network in every engine, with the same weights, for the benchmarks that compare them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact, default_artifact_dir, read_artifact, write_artifact
from facenet_res.core.openvino_runtime import ops, ov
from facenet_res.core.types import Faces
from facenet_res.export.onnx import write_onnx
from facenet_res.export.quantise import add_quantised, quantised
from facenet_res.inference.backends.openvino import CAPABILITIES
from facenet_res.inference.config import BackendConfig, Engine, Precision
from facenet_res.inference.open import open_backend
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import load_weights, read_config
from tests.artifacts import smooth_faces, write_random_artifact
from tests.benchmarks import bench

CALIBRATION_FACES = 32
MATRIX_SIDES = (512, 1024, 2048)

Work = Callable[[], object]


def artifact_of(name: str, folder: Path) -> tuple[Artifact, Any]:
    """The model "iresnet50" (random; a tiny one in miniature) or "default", and it in Keras.

    The folder gets safetensors, ONNX and int8 files. Int8 is calibrated on random pictures: its
    speed is that of real faces, its accuracy is not.
    """
    keras = pytest.importorskip("keras", reason="needs Keras (extra `train`)")
    pytest.importorskip("nncf", reason="needs NNCF (extra `int8`)")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the ONNX file is exported from Keras on TensorFlow (KERAS_BACKEND)")
    if name == "default":
        base = read_artifact(default_artifact_dir())
    else:
        whole = {"depth": 50, "width": 1.0, "stem": "full", "embedding_dim": 512}
        base = write_random_artifact(
            folder / "random", **(whole if bench.is_full() else {"width": 0.25})
        )
    weights = base.path_of("safetensors")
    model = build_model(read_config(weights))
    load_weights(model, weights)
    model(np.zeros((1, 112, 112, 3), np.float32), training=False)  # It exports what was called.
    files = write_onnx(model, folder / "model.onnx")
    both = write_artifact(
        folder / "onnx", base.manifest, [("safetensors", weights), ("onnx", files[0][1])]
    )
    (folder / "int8").mkdir()
    int8 = quantised(both, smooth_faces(CALIBRATION_FACES, seed=3), folder / "int8")
    artifact = add_quantised(both, int8, folder / "all")
    shutil.rmtree(folder / "onnx")
    return artifact, model


def precisions() -> tuple[Precision, ...]:
    """What this CPU computes in."""
    has_bf16 = "BF16" in ov.Core().get_property("CPU", CAPABILITIES)
    return ("f32", "bf16", "int8") if has_bf16 else ("f32", "int8")


def forward(artifact: Artifact, engine: Engine, precision: Precision, faces: Faces) -> Work:
    """One call of an engine, checked once."""
    backend = open_backend(
        artifact, BackendConfig(engine=engine, precision=precision, is_cached=False)
    )
    assert np.isfinite(backend.forward(faces)).all()
    return lambda: backend.forward(faces)


def predict(model: Any, faces: Faces) -> Work:
    """`keras.Model.predict`, as DeepFace calls a network, normalisation included."""
    return lambda: model.predict((faces.astype(np.float32) - 127.5) / 127.5, verbose=0)


def matrix_product(side: int, precision: Precision) -> Work:
    """OpenVINO's product of two matrices of side x side; the second is constant, as weights are."""
    rng = np.random.default_rng(0)
    left = rng.normal(size=(side, side)).astype(np.float32)
    parameter = ops.parameter([side, side], np.float32)
    product = ops.matmul(
        parameter,
        ops.constant(rng.normal(size=(side, side)).astype(np.float32)),
        transpose_a=False,
        transpose_b=False,
    )
    compiled = ov.Core().compile_model(
        ov.Model([product], [parameter]),
        "CPU",
        {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"},
    )
    request = compiled.create_infer_request()
    return lambda: request.infer([left], share_inputs=True, share_outputs=True)
