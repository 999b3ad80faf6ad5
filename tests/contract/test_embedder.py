"""What every embedder owes the rooms above it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import check_embeddings
from facenet_res.core.embedder import Embedder
from facenet_res.core.errors import ArrayInvalid
from facenet_res.inference.open import open_embedder
from tests.artifacts import smooth_faces, write_random_artifact
from tests.fakes import FakeEmbedder
from tests.onnx_files import write_onnx_artifact


def fake(folder: Path) -> Embedder:
    return FakeEmbedder()


def of_our_network(folder: Path) -> Embedder:
    return open_embedder(write_random_artifact(folder).folder, batch_max=4)


def with_flip(folder: Path) -> Embedder:
    return open_embedder(write_random_artifact(folder).folder, batch_max=4, flip=True)


def of_a_foreign_network(folder: Path) -> Embedder:
    return open_embedder(write_onnx_artifact(folder).folder, batch_max=4)


OPENERS: list[Callable[[Path], Embedder]] = [fake, of_our_network, with_flip, of_a_foreign_network]


@pytest.fixture(scope="module", params=OPENERS, ids=lambda opener: opener.__name__)
def embedder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    opened: Embedder = request.param(tmp_path_factory.mktemp("embedder") / "model")
    return opened


@pytest.mark.parametrize("count", [1, 3, 4, 5, 11])
def test_any_number_of_faces_gives_as_many_unit_rows(embedder: Embedder, count: int) -> None:
    embeddings = embedder.embed(smooth_faces(count, seed=1))

    assert len(embeddings) == count
    check_embeddings(embeddings, embedder.embedding_dim)


def test_the_size_of_the_batch_does_not_matter(embedder: Embedder) -> None:
    faces = smooth_faces(6, seed=2)

    together = embedder.embed(faces)
    alone = np.concatenate([embedder.embed(face[None]) for face in faces])

    assert (together * alone).sum(axis=1).min() > 0.9999


def test_names_its_weights(embedder: Embedder) -> None:
    assert embedder.model_id


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((0, 112, 112, 3), np.uint8),
        np.zeros((112, 112, 3), np.uint8),
        np.zeros((1, 112, 96, 3), np.uint8),
        np.zeros((1, 112, 112, 4), np.uint8),
        np.zeros((1, 112, 112, 3), np.float32),
    ],
    ids=["no face", "no batch", "another size", "four channels", "float"],
)
def test_refuses_what_are_no_faces(embedder: Embedder, wrong: np.ndarray) -> None:
    with pytest.raises(ArrayInvalid):
        embedder.embed(wrong)
