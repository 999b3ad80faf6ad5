"""What every engine owes its callers, whatever file it reads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Manifest
from facenet_res.core.errors import ArrayInvalid, EngineUnavailable
from facenet_res.export.quantise import add_quantised, quantised
from facenet_res.inference.backend import Backend
from facenet_res.inference.config import BackendConfig, Device, Engine
from facenet_res.inference.embedder import BackendEmbedder
from facenet_res.inference.open import open_backend
from tests.artifacts import smooth_faces, write_random_artifact
from tests.onnx_files import write_onnx_artifact

BATCH_MAX = 8
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # NNCF's own, and PyTorch's
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


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


def keras_bf16(folder: Path) -> Backend:
    pytest.importorskip("keras", reason="needs Keras (extra `train`)")
    config = BackendConfig(engine="keras", device="cpu", precision="bf16", batch_max=BATCH_MAX)
    return open_backend(write_random_artifact(folder), config)


def openvino_int8(folder: Path) -> Backend:
    pytest.importorskip("nncf", reason="needs NNCF (extra `int8`)")
    artifact = write_random_artifact(folder, width=0.25)
    (folder.parent / "int8").mkdir()
    int8 = quantised(artifact, smooth_faces(32, seed=1), folder.parent / "int8")
    whole = add_quantised(artifact, int8, folder.parent / "both")
    return open_backend(whole, BackendConfig(precision="int8", batch_max=BATCH_MAX))


def openvino_from_the_cache(folder: Path) -> Backend:
    artifact = write_random_artifact(folder)
    open_backend(artifact, BackendConfig(batch_max=BATCH_MAX)).close()
    backend = open_backend(artifact, BackendConfig(batch_max=BATCH_MAX))
    assert "from the cache" in backend.description
    return backend


OPENERS: list[Callable[[Path], Backend]] = [
    openvino_f32,
    openvino_auto,
    openvino_of_onnx,
    openvino_of_fixed_batch,
    onnx,
    onnx_of_fixed_batch,
    keras,
    keras_bf16,
    openvino_int8,
    openvino_from_the_cache,
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


def test_says_what_it_is_where_it_runs_and_why(backend: Backend) -> None:
    assert backend.name in ("openvino", "onnx", "keras")
    assert " on CPU" in backend.description
    assert any(name in backend.description for name in ("f32", "bf16", "int8"))
    assert "auto" in backend.description or "asked for" in backend.description


@pytest.mark.parametrize(
    ("faces", "said"),
    [
        (np.zeros((0, 112, 112, 3), np.uint8), "at least one face"),
        (np.zeros((1, 160, 160, 3), np.uint8), r"uint8\[B, 112, 112, 3\]"),
        (np.zeros((1, 112, 112, 3), np.float32), "float32"),
        (np.zeros((112, 112, 3), np.uint8), r"uint8\[B, 112, 112, 3\]"),
        (np.zeros((1, 3, 112, 112), np.uint8), r"uint8\[B, 112, 112, 3\]"),
    ],
)
def test_what_is_no_batch_of_faces_is_refused_at_the_door(
    backend: Backend, faces: np.ndarray, said: str
) -> None:
    manifest = Manifest(model_id="m", embedding_dim=backend.embedding_dim)
    with pytest.raises(ArrayInvalid, match=said):
        BackendEmbedder(backend, manifest).embed(faces)


class _Broken:
    """A backend whose network returns a value that is not finite for the last face."""

    name = "openvino"
    description = "broken"
    batch_max = 8

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.embedding_dim = backend.embedding_dim

    def forward(self, faces: np.ndarray) -> np.ndarray:
        vectors = self._backend.forward(faces).copy()
        vectors[-1, 0] = np.nan
        return vectors

    def close(self) -> None:
        """Nothing is held."""


def test_a_nan_out_of_the_network_is_an_error_and_no_embedding(backend: Backend) -> None:
    manifest = Manifest(model_id="m", embedding_dim=backend.embedding_dim)
    embedder = BackendEmbedder(_Broken(backend), manifest)
    with pytest.raises(ArrayInvalid, match="not finite"):
        embedder.embed(smooth_faces(2, seed=11))


@pytest.mark.parametrize(
    ("engine", "device"),
    [("openvino", "gpu"), ("onnx", "gpu"), ("onnx", "tensorrt"), ("keras", "gpu")],
)
def test_a_device_that_is_not_there_is_an_error_at_start(
    tmp_path: Path, engine: Engine, device: Device
) -> None:
    if engine != "openvino":
        pytest.importorskip({"onnx": "onnxruntime", "keras": "keras"}[engine])
    artifact = (write_onnx_artifact if engine == "onnx" else write_random_artifact)(tmp_path / "m")
    try:
        backend = open_backend(artifact, BackendConfig(engine=engine, device=device))
    except EngineUnavailable as error:
        assert device in str(error).lower()  # noqa: PT017 - a machine that has it opens it
    else:
        assert "CPU" not in backend.description
