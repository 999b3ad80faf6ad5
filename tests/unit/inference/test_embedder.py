"""Unit norm, flip and splitting, over a backend whose numbers are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from facenet_res.core.errors import ArrayInvalid, ArtifactInvalid
from facenet_res.core.manifest import Manifest
from facenet_res.core.types import Faces
from facenet_res.inference.embedder import BackendEmbedder


class CornerBackend:
    """Returns the red values of a face's two upper corners and a constant."""

    name = "corners"
    description = "corners, f32"
    batch_max = 4
    embedding_dim = 3

    def __init__(self, constant: float = 1.0) -> None:
        self.batch_sizes: list[int] = []
        self.is_closed = False
        self._constant = constant

    def forward(self, faces: Faces) -> NDArray[np.float32]:
        self.batch_sizes.append(len(faces))
        corners = faces[:, 0, [0, -1], 0].astype(np.float32)
        constants = np.full((len(faces), 1), self._constant, np.float32)
        return np.concatenate([corners, constants], axis=1)

    def close(self) -> None:
        self.is_closed = True


MANIFEST = Manifest(model_id="corners-1", embedding_dim=3)


def faces_with(left: int, right: int, count: int = 1) -> Faces:
    faces = np.zeros((count, 112, 112, 3), np.uint8)
    faces[:, 0, 0, 0], faces[:, 0, -1, 0] = left, right
    return faces


def test_rows_are_brought_to_unit_length() -> None:
    embedder = BackendEmbedder(CornerBackend(constant=0.0), MANIFEST)
    np.testing.assert_allclose(embedder.embed(faces_with(3, 4)), [[0.6, 0.8, 0.0]])


@pytest.mark.parametrize(("is_mirrored", "flip"), [(False, True), (True, False), (True, True)])
def test_the_embedding_of_the_mirrored_face_is_added_once(is_mirrored: bool, flip: bool) -> None:
    manifest = replace(MANIFEST, is_mirrored=is_mirrored)
    embedder = BackendEmbedder(CornerBackend(), manifest, flip=flip)

    wanted = np.array([7.0, 7.0, 2.0]) / np.linalg.norm([7.0, 7.0, 2.0])

    np.testing.assert_allclose(embedder.embed(faces_with(3, 4))[0], wanted, rtol=1e-6)
    assert embedder.description.endswith("flip")


def test_a_long_batch_is_split_to_what_the_backend_takes() -> None:
    backend = CornerBackend()
    assert BackendEmbedder(backend, MANIFEST).embed(faces_with(1, 2, count=10)).shape == (10, 3)
    assert backend.batch_sizes == [4, 4, 2]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_an_error(broken: float) -> None:
    embedder = BackendEmbedder(CornerBackend(constant=broken), MANIFEST)
    with pytest.raises(ArrayInvalid, match="not finite"):
        embedder.embed(faces_with(1, 2))


def test_a_network_of_another_length_than_the_manifest_says_is_refused() -> None:
    with pytest.raises(ArtifactInvalid, match="3 values a face, the manifest says 512"):
        BackendEmbedder(CornerBackend(), Manifest(model_id="m", embedding_dim=512))


def test_leaving_the_context_closes_the_backend() -> None:
    backend = CornerBackend()
    with BackendEmbedder(backend, MANIFEST) as embedder:
        assert embedder.manifest is MANIFEST
    assert backend.is_closed
