"""The Keras engine: what it refuses, and that it says what it runs on."""

import builtins
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ConfigInvalid, EngineUnavailable
from facenet_res.inference.backends.keras import KerasBackend
from facenet_res.inference.backends.keras_runtime import Runtime, check_placed, pick_runtime
from facenet_res.inference.config import BackendConfig
from tests.artifacts import smooth_faces, write_random_artifact

pytest.importorskip("keras", reason="needs Keras (extra `train`)")


def test_bgr_networks_get_the_channels_swapped(tmp_path: Path) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    swapped = Artifact(artifact.folder, replace(artifact.manifest, colour_order="BGR"))
    faces = smooth_faces(2, seed=5)

    bgr = KerasBackend(swapped, BackendConfig()).forward(faces)
    rgb = KerasBackend(artifact, BackendConfig()).forward(faces[..., ::-1])

    np.testing.assert_allclose(bgr, rgb, rtol=1e-4, atol=1e-4)


def test_a_number_of_threads_it_could_not_keep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="threads must be 0, got 2"):
        KerasBackend(write_random_artifact(tmp_path / "model"), BackendConfig(threads=2))


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = write_random_artifact(tmp_path / "model")
    real_import = builtins.__import__

    def without_keras(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "keras":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_keras)
    with pytest.raises(EngineUnavailable, match=r"facenet-res\[train\]"):
        KerasBackend(artifact, BackendConfig())


def test_a_backend_of_keras_that_we_cannot_compile_for_is_refused_by_name() -> None:
    with pytest.raises(EngineUnavailable, match="KERAS_BACKEND names numpy"):
        pick_runtime("numpy", "auto")


def test_weights_that_lie_on_another_device_are_an_error() -> None:
    import keras

    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    name = keras.backend.backend()

    check_placed(Runtime(name, "cpu", "asked for"), model)
    with pytest.raises(EngineUnavailable, match="was to run on the GPU, but has weights on cpu"):
        check_placed(Runtime(name, "gpu", "asked for"), model)
