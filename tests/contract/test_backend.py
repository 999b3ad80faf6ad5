"""What every engine owes its callers, whatever file it reads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from facenet_res.inference.backend import Backend
from facenet_res.inference.config import BackendConfig
from facenet_res.inference.open import open_backend
from tests.artifacts import smooth_faces, write_random_artifact
from tests.onnx_files import write_onnx_artifact

BATCH_MAX = 8


def openvino_f32(folder: Path) -> Backend:
    config = BackendConfig(engine="openvino", precision="f32", batch_max=BATCH_MAX)
    return open_backend(write_random_artifact(folder), config)


def openvino_auto(folder: Path) -> Backend:
    return open_backend(write_random_artifact(folder), BackendConfig(batch_max=BATCH_MAX))


def openvino_of_onnx(folder: Path) -> Backend:
    config = BackendConfig(engine="openvino", batch_max=BATCH_MAX)
    return open_backend(write_onnx_artifact(folder), config)


def onnx(folder: Path) -> Backend:
    pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra `onnx`)")
    config = BackendConfig(engine="onnx", batch_max=BATCH_MAX)
    return open_backend(write_onnx_artifact(folder), config)


def onnx_of_fixed_batch(folder: Path) -> Backend:
    pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra `onnx`)")
    return open_backend(write_onnx_artifact(folder, batch=4), BackendConfig(engine="onnx"))


def openvino_of_fixed_batch(folder: Path) -> Backend:
    return open_backend(write_onnx_artifact(folder, batch=4), BackendConfig(engine="openvino"))


def keras(folder: Path) -> Backend:
    pytest.importorskip("keras", reason="needs Keras (extra `train`)")
    config = BackendConfig(engine="keras", batch_max=BATCH_MAX)
    return open_backend(write_random_artifact(folder), config)


OPENERS: list[Callable[[Path], Backend]] = [
    openvino_f32,
    openvino_auto,
    openvino_of_onnx,
    openvino_of_fixed_batch,
    onnx,
    onnx_of_fixed_batch,
    keras,
]


@pytest.fixture(scope="module", params=OPENERS, ids=lambda opener: opener.__name__)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    opened = request.param(tmp_path_factory.mktemp("backend") / "model")
    yield opened
    opened.close()


def test_returns_a_float32_row_for_each_face(backend: Backend) -> None:
    vectors = backend.forward(smooth_faces(3, seed=5))

    assert vectors.shape == (3, backend.embedding_dim)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_a_face_embeds_the_same_alone_and_in_company(backend: Backend) -> None:
    faces = smooth_faces(min(3, backend.batch_max), seed=5)

    together = backend.forward(faces)
    alone = np.concatenate([backend.forward(face[None]) for face in faces])

    np.testing.assert_allclose(together, alone, rtol=1e-2, atol=1e-2)


def test_the_largest_batch_is_taken(backend: Backend) -> None:
    vectors = backend.forward(smooth_faces(backend.batch_max, seed=6))
    assert vectors.shape == (backend.batch_max, backend.embedding_dim)


def test_different_faces_get_different_embeddings(backend: Backend) -> None:
    first, second = backend.forward(smooth_faces(2, seed=7))
    assert np.abs(first - second).max() > 1e-3


def test_takes_a_view_that_is_not_contiguous(backend: Backend) -> None:
    faces = smooth_faces(2, seed=8)

    mirrored = backend.forward(faces[:, :, ::-1])
    copied = backend.forward(np.ascontiguousarray(faces[:, :, ::-1]))

    np.testing.assert_allclose(mirrored, copied, rtol=1e-5, atol=1e-6)


def test_an_answer_is_not_overwritten_by_the_next(backend: Backend) -> None:
    first = backend.forward(smooth_faces(2, seed=9))
    kept = first.copy()
    backend.forward(smooth_faces(2, seed=10))
    np.testing.assert_array_equal(first, kept)


def test_threads_get_their_own_answers(backend: Backend) -> None:
    batches = [smooth_faces(2, seed=seed) for seed in range(12)]
    wanted = [backend.forward(batch) for batch in batches]

    with ThreadPoolExecutor(6) as executor:
        got = list(executor.map(backend.forward, batches))

    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-2)


def test_says_what_it_is(backend: Backend) -> None:
    assert backend.name in ("openvino", "onnx", "keras")
    assert "f32" in backend.description or "bf16" in backend.description
