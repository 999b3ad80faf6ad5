"""Keras files are read as data, by what follows what, and held to Keras' own answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.convert.importing import ImportConfig, import_model
from facenet_res.convert.parity import SIMILARITY_MIN
from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import ArtifactInvalid
from facenet_res.export.parity import parity_faces
from facenet_res.inference.open import open_embedder
from tests.unit.convert.keras_reference import keras_iresnet

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras' own, of its older format

CONFIG = ImportConfig(name="k", licence="for tests")
FACES = parity_faces(3)


@pytest.fixture(scope="module")
def network() -> Any:
    return keras_iresnet(18, 0.125, 64)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_an_import_answers_as_keras_does(tmp_path: Path, network: Any, suffix: str) -> None:
    source = tmp_path / f"net{suffix}"
    network.save(source)

    imported = import_model(source, tmp_path / "model", CONFIG)

    fed = (FACES.astype(np.float32) - 127.5) / 128.0
    wanted = unit_norm(np.array(network(fed, training=False)))
    with open_embedder(tmp_path / "model", precision="f32") as embedder:
        assert (embedder.embed(FACES) * wanted).sum(axis=1).min() >= SIMILARITY_MIN
    assert imported.similarity_min >= SIMILARITY_MIN


def test_padding_of_tensorflows_kind_is_refused_and_explained(tmp_path: Path) -> None:
    keras_iresnet(18, 0.125, 64, pads=False).save(tmp_path / "net.keras")
    with pytest.raises(ArtifactInvalid, match=r"pads \(0, 0, 1, 1\) px.*an IResNet \(1, 1, 1, 1\)"):
        import_model(tmp_path / "net.keras", tmp_path / "model", CONFIG)


def test_a_layer_with_code_is_named_and_not_loaded(tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((112, 112, 3))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs))
    model.save(tmp_path / "net.keras")
    with pytest.raises(ArtifactInvalid, match=r"no IResNet: after .*Lambda"):
        import_model(tmp_path / "net.keras", tmp_path / "model", CONFIG)


def test_weights_alone_are_refused(tmp_path: Path, network: Any) -> None:
    network.save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(ArtifactInvalid, match=r"save the whole network with model\.save"):
        import_model(tmp_path / "net.weights.h5", tmp_path / "model", CONFIG)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_cut_off_file_is_refused(tmp_path: Path, network: Any, suffix: str) -> None:
    source = tmp_path / f"net{suffix}"
    network.save(source)
    source.write_bytes(source.read_bytes()[:5000])
    with pytest.raises(ArtifactInvalid, match=r"net\."):
        import_model(source, tmp_path / "model", CONFIG)
