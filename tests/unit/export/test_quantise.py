"""Int8: close to f32, refused where it is not, and never without faces to calibrate on."""

import sys
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ArrayInvalid, ArtifactInvalid, ConfigInvalid, EngineUnavailable
from facenet_res.export.quantise import (
    Beside,
    Loss,
    add_quantised,
    check_loss,
    halves,
    loss_of,
    quantised,
)
from facenet_res.inference.open import open_embedder
from tests.artifacts import smooth_faces, write_random_artifact
from tests.fakes import FakeEmbedder
from tests.onnx_files import write_onnx_artifact

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # NNCF's own, and PyTorch's
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def int8_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("nncf", reason="needs NNCF (extra `int8`)")
    folder = tmp_path_factory.mktemp("int8")
    artifact = write_random_artifact(folder / "model", width=0.25)
    (folder / "staging").mkdir()
    int8 = quantised(artifact, smooth_faces(40, seed=1), folder / "staging")
    add_quantised(artifact, int8, folder / "out")
    return folder / "out"


def test_int8_stays_close_to_f32_and_is_really_used(int8_folder: Path) -> None:
    faces = smooth_faces(16, seed=2)
    exact = open_embedder(int8_folder, precision="f32").embed(faces)
    with open_embedder(int8_folder) as embedder:
        assert "int8 (auto" in embedder.description
        rounded = embedder.embed(faces)

    loss = loss_of(exact, rounded)

    assert 0.98 < loss.similarity_mean < 0.999999
    assert loss.faces == 16


def test_the_model_keeps_its_id_and_its_other_files(int8_folder: Path) -> None:
    with open_embedder(int8_folder) as embedder:
        formats = {file.format for file in embedder.manifest.files}
        assert formats == {"safetensors", "openvino_int8", "openvino_int8_weights"}
        assert embedder.model_id.startswith("random-0-")


def test_a_foreign_network_is_quantised_too(tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs NNCF (extra `int8`)")
    artifact = write_onnx_artifact(tmp_path / "model", colour_order="BGR")
    (tmp_path / "int8").mkdir()
    int8 = quantised(artifact, smooth_faces(40, seed=1), tmp_path / "int8")
    folder = add_quantised(artifact, int8, tmp_path / "out").folder

    faces = smooth_faces(8, seed=3)
    exact, rounded = (open_embedder(folder, precision=p).embed(faces) for p in ("f32", "int8"))

    assert loss_of(exact, rounded).similarity_mean > 0.98


@pytest.mark.parametrize("mean", [0.9, float("nan")])
def test_too_great_a_loss_is_refused(mean: float) -> None:
    with pytest.raises(ArtifactInvalid, match=r"int8 is not accepted.*least is 0\.98"):
        check_loss(Loss(10, mean, 0.5), 0.98)
    check_loss(Loss(10, 0.981, 0.5), 0.98)


def test_too_few_faces_are_refused(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model", width=0.25)
    with pytest.raises(ConfigInvalid, match="at least 32 calibration faces, got 31"):
        quantised(artifact, smooth_faces(31, seed=0), tmp_path)
    with pytest.raises(ArrayInvalid, match="at least one face"):
        quantised(artifact, smooth_faces(0, seed=0), tmp_path)


@pytest.mark.parametrize(("width", "channels"), [(0.125, 8), (0.375, 24)])
def test_channels_that_openvino_answers_differently_each_time_are_refused(
    tmp_path: Path, width: float, channels: int
) -> None:
    pytest.importorskip("nncf", reason="needs NNCF (extra `int8`)")
    artifact = write_random_artifact(tmp_path / "model", width=width)
    with pytest.raises(ArtifactInvalid, match=f"multiple of 16 channels, .* has {channels}:"):
        quantised(artifact, smooth_faces(32, seed=0), tmp_path)


@pytest.mark.parametrize("times", range(4))
def test_the_same_faces_get_the_same_answer_each_time(int8_folder: Path, times: int) -> None:
    faces = smooth_faces(3, seed=5 + times)
    with open_embedder(int8_folder, precision="int8") as embedder:
        first, *others = (embedder.embed(faces) for _ in range(4))
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact: Artifact = write_random_artifact(tmp_path / "model", width=0.25)
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(EngineUnavailable, match=r"\[int8\]"):
        quantised(artifact, smooth_faces(32, seed=0), tmp_path)


def test_two_embedders_beside_each_other_are_told_apart_again() -> None:
    faces = smooth_faces(3, seed=0)
    one = FakeEmbedder()
    first, second = halves(Beside(one, one).embed(faces))
    np.testing.assert_array_equal(first, one.embed(faces))
    np.testing.assert_array_equal(second, first)
