"""The check that stands between a wrong export and the disk."""

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.export.parity import check_parity, parity_faces
from tests.fakes import FakeEmbedder


def test_the_faces_are_the_same_each_time_and_unlike_each_other() -> None:
    first, second = parity_faces(), parity_faces()
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first.reshape(len(first), -1), axis=0)) == len(first)


def test_an_equal_network_passes() -> None:
    reference = FakeEmbedder().embed(parity_faces())
    assert check_parity(reference, FakeEmbedder(), "onnx") == pytest.approx(1.0, abs=1e-6)


def test_one_face_that_differs_is_enough_to_refuse() -> None:
    reference = FakeEmbedder().embed(parity_faces()).copy()
    reference[5] = unit_norm(reference[5:6] + np.eye(1, 64, dtype=np.float32) * 0.1)[0]
    with pytest.raises(ArtifactInvalid, match=r"the onnx export .* least is 0\.9999"):
        check_parity(reference, FakeEmbedder(), "onnx")
