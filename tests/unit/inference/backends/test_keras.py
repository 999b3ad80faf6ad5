"""The Keras engine: what it refuses, and that it says what it runs on."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.artifact import Artifact
from facenet_res.core.errors import ConfigInvalid, EngineUnavailable
from facenet_res.inference.backends.keras import KerasBackend
from facenet_res.inference.backends.keras_runtime import pick_runtime
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
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(EngineUnavailable, match=r"\[train\]"):
        KerasBackend(artifact, BackendConfig())


def test_a_backend_of_keras_that_we_cannot_compile_for_is_refused_by_name() -> None:
    with pytest.raises(EngineUnavailable, match="KERAS_BACKEND names numpy"):
        pick_runtime("numpy", "auto")


PRETENDS_A_GPU = """
import sys
from pathlib import Path
from facenet_res.core.artifact import read_artifact
from facenet_res.core.errors import EngineUnavailable
from facenet_res.inference.backends import keras_runtime
from facenet_res.inference.backends.keras import KerasBackend
from facenet_res.inference.config import BackendConfig

def message(device):
    try:
        KerasBackend(read_artifact(Path(sys.argv[1])), BackendConfig(device=device))
    except EngineUnavailable as error:
        return error
    return "taken"

print(message("gpu"))
keras_runtime._HAS_GPU[sys.argv[2]] = lambda: True
print(message("gpu"))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_gpu_that_is_asked_for_and_not_used_is_an_error(tmp_path: Path, backend: str) -> None:
    # Given a machine without GPU, and a backend that first says so and then claims to have one.
    pytest.importorskip(backend, reason=f"needs {backend}")
    folder = write_random_artifact(tmp_path / "model").folder
    hidden = {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}

    ran = subprocess.run(
        (sys.executable, "-c", PRETENDS_A_GPU, folder, backend),
        env={**os.environ, **hidden},
        capture_output=True,
        text=True,
        check=True,
    )

    first, second = ran.stdout.splitlines()
    assert first.startswith(f"Keras on {backend} sees no GPU here")
    assert second.startswith(f"Keras on {backend} was to run on the GPU, but runs on CPU")
