"""IResNets from checkpoints and ONNX files answer as PyTorch does, or nothing is written."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.convert import importing, sources
from facenet_res.convert.importing import ImportConfig, import_model
from facenet_res.convert.parity import SIMILARITY_MIN, check_source_parity
from facenet_res.core.arrays import unit_norm
from facenet_res.core.artifact import Artifact, read_artifact
from facenet_res.core.errors import (
    ArgumentInvalid,
    ArtifactInvalid,
    EngineUnavailable,
    FileMissing,
)
from facenet_res.core.types import Embeddings
from facenet_res.export.parity import parity_faces
from facenet_res.inference.open import open_embedder
from facenet_res.models.checkpoint import read_config, read_tensors
from facenet_res.models.config import ModelConfig
from tests.unit.convert.torch_reference import (
    Normalising,
    embedded,
    random_iresnet,
    torch,
    write_onnx,
)

CONFIG = ImportConfig(name="r", licence="for tests")
FACES = parity_faces(3)
FORMS = ["checkpoint", "half", "folded", "unfolded", "normalising"]


def write_source(network: Any, form: str, folder: Path) -> Path:
    """The network as somebody would publish it."""
    path = folder / ("source.pth" if form in ("checkpoint", "half") else "source.onnx")
    if form == "checkpoint":
        state = network.state_dict()
        torch.save({f"module.{name}": one for name, one in state.items()}, path)
    elif form == "half":
        torch.save({name: one.half() for name, one in network.state_dict().items()}, path)
    elif form == "normalising":
        write_onnx(Normalising(network), path)
    else:
        write_onnx(network, path, folded=form == "folded")
    return path


def served(artifact: Artifact) -> Embeddings:
    with open_embedder(artifact.folder, precision="f32") as embedder:
        return embedder.embed(FACES)


def lowest_cosine(a: Embeddings, b: Embeddings) -> float:
    return float((a * b).sum(axis=1).min())


@pytest.mark.parametrize("form", ["checkpoint", "folded", "unfolded"])
@pytest.mark.parametrize("depth", [18, 50, 100])
def test_an_import_answers_as_pytorch_does(tmp_path: Path, depth: int, form: str) -> None:
    network = random_iresnet(depth, width=0.125, dim=64)
    source = write_source(network, form, tmp_path)

    imported = import_model(source, tmp_path / "model", CONFIG)

    manifest = imported.artifact.manifest
    assert ModelConfig.from_dict(manifest.network) == ModelConfig(
        depth=depth, width=0.125, embedding_dim=64
    )
    assert imported.similarity_min >= SIMILARITY_MIN
    assert lowest_cosine(served(imported.artifact), embedded(network, FACES)) >= SIMILARITY_MIN


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("depth", [50, 100])
def test_an_import_at_full_width_answers_as_pytorch_does(
    tmp_path: Path, depth: int, form: str
) -> None:
    network = random_iresnet(depth)
    source = write_source(network, form, tmp_path)
    scale = 128.0 if form == "normalising" else 127.5

    imported = import_model(source, tmp_path / "model", CONFIG)

    least = 0.9999 if form == "half" else SIMILARITY_MIN
    answer = served(imported.artifact)
    assert lowest_cosine(answer, embedded(network, FACES, scale)) >= least


def test_the_published_width_answers_as_pytorch_does(tmp_path: Path) -> None:
    network = random_iresnet(18)
    for form in ("checkpoint", "normalising"):
        (tmp_path / form).mkdir()
        source = write_source(network, form, tmp_path / form)
        imported = import_model(source, tmp_path / form / "model", CONFIG)
        scale = 128.0 if form == "normalising" else 127.5
        answer = served(imported.artifact)
        assert lowest_cosine(answer, embedded(network, FACES, scale)) >= SIMILARITY_MIN


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
@pytest.mark.parametrize("form", ["checkpoint", "folded"])
def test_keras_computes_the_same_with_the_imported_weights(tmp_path: Path, form: str) -> None:
    network = random_iresnet(18, width=0.125, dim=64)
    source = write_source(network, form, tmp_path)
    folder = import_model(source, tmp_path / "model", CONFIG).artifact.folder

    with open_embedder(folder, "keras") as embedder:
        answer = embedder.embed(FACES)

    assert lowest_cosine(answer, embedded(network, FACES)) >= SIMILARITY_MIN


def test_running_statistics_are_kept_for_further_training(tmp_path: Path) -> None:
    network = random_iresnet(18, width=0.125, dim=64)
    for form in ("checkpoint", "unfolded"):
        (tmp_path / form).mkdir()
        source = write_source(network, form, tmp_path / form)
        artifact = import_model(source, tmp_path / form / "model", CONFIG).artifact
        kept = read_tensors(artifact.path_of("safetensors"))
        wanted = network.layer3[1].bn2
        np.testing.assert_allclose(kept["stage3_block2_bn2/moving_mean"], wanted.running_mean)
        np.testing.assert_allclose(
            kept["stage3_block2_bn2/moving_variance"], wanted.running_var, rtol=1e-6
        )


def test_a_network_for_bgr_is_turned_to_rgb(tmp_path: Path) -> None:
    network = random_iresnet(18, width=0.125, dim=64)
    source = write_source(network, "folded", tmp_path)

    bgr = dataclasses.replace(CONFIG, colour_order="BGR")
    artifact = import_model(source, tmp_path / "model", bgr).artifact

    wanted = embedded(network, np.ascontiguousarray(FACES[..., ::-1]))
    assert artifact.manifest.colour_order == "RGB"
    assert lowest_cosine(served(artifact), wanted) >= SIMILARITY_MIN


def test_a_last_gamma_other_than_1_goes_into_the_dense_layer(tmp_path: Path) -> None:
    network = random_iresnet(18, width=0.125, dim=64)
    with torch.no_grad():
        network.features.weight.copy_(torch.linspace(-1.0, 1.5, 64))
    source = write_source(network, "checkpoint", tmp_path)
    artifact = import_model(source, tmp_path / "model", CONFIG).artifact
    assert lowest_cosine(served(artifact), embedded(network, FACES)) >= SIMILARITY_MIN


def test_the_manifest_tells_where_it_comes_from(tmp_path: Path) -> None:
    source = write_source(random_iresnet(18, 0.125, 64), "checkpoint", tmp_path)
    artifact = import_model(source, tmp_path / "model", CONFIG).artifact
    manifest = read_artifact(artifact.folder).manifest
    assert manifest.licence == "for tests"
    assert manifest.training.startswith("imported from source.pth, SHA-256 ")
    assert manifest.model_id.startswith("r-")
    assert read_config(artifact.path_of("safetensors")).width == 0.125


def test_an_import_that_answers_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_source(random_iresnet(18, 0.125, 64), "folded", tmp_path)
    real = importing.keras_weights

    def altered(*arguments: Any) -> Any:
        tensors, config = real(*arguments)
        tensors["stage2_block1_bn1/beta"] = tensors["stage2_block1_bn1/beta"] + 0.3
        return tensors, config

    monkeypatch.setattr(importing, "keras_weights", altered)
    with pytest.raises(ArtifactInvalid, match=r"lowest cosine 0\.\d+, limit is 0\.99999"):
        import_model(source, tmp_path / "model", CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["source.onnx"]


def test_embeddings_that_are_no_numbers_are_no_parity() -> None:
    rows = unit_norm(np.eye(2, 8, dtype=np.float32))
    with pytest.raises(ArtifactInvalid, match="lowest cosine nan"):
        check_source_parity(rows, np.full_like(rows, np.nan), "source")
    with pytest.raises(ArtifactInvalid, match=r"shape \(2, 8\), the import \(2, 4\)"):
        check_source_parity(rows, rows[:, :4], "source")


def test_a_checkpoint_that_lacks_or_has_too_much_is_refused(tmp_path: Path) -> None:
    state = random_iresnet(18, 0.125, 64).state_dict()
    lacking = {name: one for name, one in state.items() if name != "layer2.0.bn2.running_var"}
    foreign = state | {"layer1.0.se.fc.weight": torch.ones(2)}
    for broken, said in ((lacking, "lacks layer2.0.bn2.running_var"), (foreign, "no place")):
        torch.save(broken, tmp_path / "source.pth")
        with pytest.raises(ArtifactInvalid, match=said):
            import_model(tmp_path / "source.pth", tmp_path / "model", CONFIG)


def test_a_depth_that_no_config_describes_is_refused(tmp_path: Path) -> None:
    network = random_iresnet(18, 0.125, 64)
    network.layer1.append(network.layer1[1])
    source = write_source(network, "checkpoint", tmp_path)
    with pytest.raises(ArtifactInvalid, match=r"stages have \(3, 2, 2, 2\) blocks"):
        import_model(source, tmp_path / "model", CONFIG)


def test_a_source_that_is_fed_otherwise_is_refused(tmp_path: Path) -> None:
    source = write_source(random_iresnet(18, 0.125, 64), "normalising", tmp_path)
    wrong = dataclasses.replace(CONFIG, mean=127.5, scale=127.5)
    with pytest.raises(ArtifactInvalid, match=r"give --mean and --scale"):
        import_model(source, tmp_path / "model", wrong)


def test_missing_packages_name_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_source(random_iresnet(18, 0.125, 64), "folded", tmp_path)
    for name in ("onnx", "onnxruntime"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(EngineUnavailable, match=r"\[onnx\]"):
                import_model(source, tmp_path / "model", CONFIG)


def test_a_file_that_is_absent_or_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.pth"):
        import_model(tmp_path / "none.pth", tmp_path / "model", CONFIG)
    (tmp_path / "a.caffemodel").write_bytes(b"x")
    with pytest.raises(ArgumentInvalid, match=r"one of \['\.h5'"):
        import_model(tmp_path / "a.caffemodel", tmp_path / "model", CONFIG)


def test_a_place_that_is_taken_is_refused_before_the_source_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source.pth").write_bytes(b"x")
    (tmp_path / "model").mkdir()
    monkeypatch.setattr(sources, "read_state", lambda _: pytest.fail("the source was read"))
    with pytest.raises(ArgumentInvalid, match="exists already"):
        import_model(tmp_path / "source.pth", tmp_path / "model", CONFIG)
