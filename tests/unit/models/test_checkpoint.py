"""Weights are written whole, and never poured into another network."""

from pathlib import Path

import keras
import numpy as np
import pytest

from facenet_res.core.errors import ArtifactInvalid, FileMissing, ModelMismatch
from facenet_res.models.build import build_model
from facenet_res.models.checkpoint import (
    load_weights,
    named_variables,
    read_config,
    read_tensors,
    save_weights,
)
from facenet_res.models.config import ModelConfig

CONFIG = ModelConfig(depth=18, width=0.125, stem="half", head="gap", embedding_dim=64)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_model(CONFIG)


@pytest.fixture
def saved(model: keras.Model, tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    save_weights(model, path, CONFIG)
    return path


def values(model: keras.Model) -> dict[str, np.ndarray]:
    return {
        key: np.array(keras.ops.convert_to_numpy(variable.value))
        for key, variable in named_variables(model).items()
    }


def test_a_round_trip_is_bit_equal_and_brings_the_config(model: keras.Model, saved: Path) -> None:
    other = build_model(read_config(saved))

    load_weights(other, saved)

    loaded = values(other)
    for key, value in values(model).items():
        np.testing.assert_array_equal(loaded[key], value, err_msg=key)


def test_half_precision_halves_the_file(model: keras.Model, saved: Path, tmp_path: Path) -> None:
    save_weights(model, tmp_path / "half.safetensors", CONFIG, np.float16)

    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * saved.stat().st_size


def test_half_precision_keeps_what_each_channel_has_one_of(tmp_path: Path) -> None:
    model = build_model(CONFIG)
    exact = values(model)
    variance = next(key for key in exact if key.endswith("moving_variance"))
    named_variables(model)[variance].assign(np.full_like(exact[variance], 70_000.1))

    save_weights(model, tmp_path / "half.safetensors", CONFIG, np.float16)

    tensors = read_tensors(tmp_path / "half.safetensors")
    np.testing.assert_array_equal(tensors[variance], np.float32(70_000.1))
    for key, value in values(model).items():
        is_kernel = value.ndim > 1 and not key.endswith("alpha")
        assert tensors[key].dtype == (np.float16 if is_kernel else np.float32), key
        np.testing.assert_allclose(tensors[key], value, rtol=1e-3, atol=1e-6, err_msg=key)


def test_another_network_is_refused_and_left_as_it_was(saved: Path) -> None:
    other = build_model(ModelConfig(**{**CONFIG.to_dict(), "embedding_dim": 72}))
    before = values(other)

    with pytest.raises(ModelMismatch, match="another network"):
        load_weights(other, saved)

    for key, value in values(other).items():
        np.testing.assert_array_equal(before[key], value)


def test_missing_and_surplus_layers_are_named(saved: Path) -> None:
    other = build_model(ModelConfig(**{**CONFIG.to_dict(), "head": "gdc"}))

    with pytest.raises(ModelMismatch, match="head_depthwise"):
        load_weights(other, saved)


def test_a_truncated_file_is_refused(model: keras.Model, saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:5000])

    with pytest.raises(ArtifactInvalid, match="no whole safetensors"):
        load_weights(model, saved)
    with pytest.raises(ArtifactInvalid):
        read_config(saved)


def test_a_missing_file_is_named(model: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nothing"):
        load_weights(model, tmp_path / "nothing.safetensors")
